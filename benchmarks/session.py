#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run one simulated session and print what it costs and how late it is: CPU by node, latencies, losses.

    .venv/bin/python benchmarks/session.py [--duration 60]

Two plates at 1 kHz and seven IMUs at 100 Hz on real wire formats, every node in its own process, the simulated lab and
the recorder on the same machine. Latencies are taken from the recording and from the simulated lab's truth log:

- *sample to state*: from the time of measurement of the newest sample used to the moment `gait/state` is published;
- *contact to cue bytes*: from the true contact to the arrival of the cue's bytes at the emulated actuator;
- *beyond the sample's own age*: to the same end from the moment at which the sample that confirmed the contact was
  published. Before that it waited for the device's tick (2 ms), the wire, and its batch (2 ms). It takes three hops: to
  the analysis, to the feedback, to the actuator's node;
- *three bare hops*: a number on its way through three processes that publish what they hear and do nothing else, during
  the same session: what DDS, the executor and two busy cores take without any work of ours.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from bare_hop import TOPIC

from gait_messages import values
from gait_session.launching.environment import launch_environment
from gait_session.recording.reader import Recording

TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
SKIPPED_S = 5.0  # start-up is not the steady state
HOPS_COUNT = 3


def cpu_seconds(parent: int) -> dict[str, float]:
    """CPU time so far of every process below ``parent``, by name of its executable."""
    children: dict[int, list[int]] = {}
    used: dict[int, tuple[str, float]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
            words = (path / "cmdline").read_text().split("\0")
        except OSError:  # it ended meanwhile
            continue
        pid = int(path.name)
        children.setdefault(int(fields[1]), []).append(pid)
        name = next((Path(word).name for word in words if "/lib/gait_lab/" in word), Path(words[0]).name)
        used[pid] = (name, (int(fields[11]) + int(fields[12])) * TICK_S)
    total: dict[str, float] = {}
    waiting = [parent]
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        name, seconds = used.get(pid, ("", 0.0))
        total[name] = total.get(name, 0.0) + seconds
    return total


def run_session(duration_s: float, folder: Path) -> tuple[dict[str, float], float]:
    """Run a session; return CPU seconds by process over its steady part, and the length of that part."""
    command = [Path(sys.executable).parent / "gait-lab", "session", "--duration", str(duration_s), "--out", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    looks: list[tuple[float, dict[str, float]]] = []  # only two: a look costs what it measures
    for line in process.stdout:
        lines.append(line)
        is_steady = not looks and sum("| belt" in seen for seen in lines) > SKIPPED_S
        if is_steady or (len(looks) == 1 and "session ended" in line):
            looks.append((time.monotonic(), cpu_seconds(process.pid)))
    if process.wait() != 0 or len(looks) != 2:
        sys.exit("the session failed:\n" + "".join(lines))
    first, last = looks
    used = {name: seconds - first[1].get(name, 0.0) for name, seconds in last[1].items() if name}
    return used, last[0] - first[0]


@contextmanager
def bare_hops() -> Iterator[None]:
    """Let numbers hop from process to process, in the domain of the session."""
    environment = launch_environment(os.environ)
    command = [sys.executable, "-c", "import bare_hop; bare_hop.main()"]
    hops = [
        subprocess.Popen([*command, str(number)], env=environment, cwd=Path(__file__).parent)
        for number in range(HOPS_COUNT + 1)
    ]
    try:
        yield
    finally:
        for hop in hops:
            hop.terminate()
        for hop in hops:
            hop.wait()


def hop_times(recording: Recording) -> list[float]:
    """How long each number took from the first process to the last."""
    first, last = (
        {recorded.message.data: recorded.published_s for recorded in recording.messages(TOPIC.format(number))}
        for number in (0, HOPS_COUNT)
    )
    return [last[number] - first[number] for number in first.keys() & last.keys()]


def row(name: str, seconds: list[float]) -> str:
    """One line of the latency table, in milliseconds."""
    if not seconds:
        return f"| {name} | - | - | - | 0 |"
    p50, p99, top = np.percentile(seconds, [50, 99, 100]) * 1e3
    return f"| {name} | {p50:.1f} | {p99:.1f} | {top:.1f} | {len(seconds)} |"


def nearest_before(times: list[float], limit: float) -> float | None:
    """The last of ascending ``times`` that is not after ``limit``."""
    index = int(np.searchsorted(times, limit, side="right")) - 1
    return times[index] if index >= 0 else None


def publications(recording: Recording) -> np.ndarray:
    """Newest sample time and moment of publication of each batch of either plate, in order of time; [n, 2]."""
    rows = []
    for recorded in recording.messages("load_cell/+/samples"):
        message = recorded.message
        rows.append((values.seconds(message.header.stamp) + message.time_offset_s[-1], recorded.published_s))
    rows.sort()
    return np.array(rows)


def latencies(recording: Recording) -> list[str]:
    """The latency table."""
    ages = [recorded.message.age_s for recorded in recording.messages("gait/state")]
    with (recording.folder / "truth_events.csv").open() as file:
        contacts = sorted(float(line["time_s"]) for line in csv.DictReader(file) if line["event"] == "IC")
    with (recording.folder / "truth_cues.csv").open() as file:
        arrivals = [float(line["time_s"]) for line in csv.DictReader(file) if float(line["intensity"]) > 0]
    receipts = [r.message for r in recording.messages("feedback/receipt") if r.message.result == 1]
    cues = {r.message.number: r.message for r in recording.messages("feedback/cue")}
    whole, beyond = [], []
    hops: dict[str, list[float]] = {"confirming sample to decision": [], "decision to bytes written": []}
    published = publications(recording)
    for arrived_s in arrivals:
        contact_s = nearest_before(contacts, arrived_s)
        if contact_s is not None:
            whole.append(arrived_s - contact_s)
    for receipt in receipts:
        detected_s = values.seconds(cues[receipt.number].detected)
        decided_s, sent_s = values.seconds(receipt.decided), values.seconds(receipt.sent)
        hops["confirming sample to decision"].append(decided_s - detected_s)
        hops["decision to bytes written"].append(sent_s - decided_s)
        beyond.append(sent_s - published[int(np.searchsorted(published[:, 0], detected_s - 1e-6)), 1])
    table = ["| latency, ms | p50 | p99 | max | n |", "|---|---|---|---|---|"]
    table.append(row("sample to state", ages))
    table.append(row("contact to cue bytes", whole))
    table.append(row("beyond the sample's own age", beyond))
    table.append(row("three bare hops", hop_times(recording)))
    table += [row(name, seconds) for name, seconds in hops.items()]
    return table


def losses(recording: Recording) -> list[str]:
    """What was lost between wire and recording."""
    lost = 0
    for name in ("left_belt", "right_belt"):
        expected = None
        for recorded in recording.messages(f"load_cell/{name}/samples"):
            first = recorded.message.first_sample_count
            lost += 0 if expected is None else first - expected
            expected = first + len(recorded.message.time_offset_s)
    missed = sum(topic.missed_count or 0 for topic in recording.topics.values())
    count = sum(topic.message_count for topic in recording.topics.values())
    return [f"force samples lost: {lost}; messages recorded: {count}, missed by the recorder: {missed}"]


def main() -> None:
    """Run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=60.0, help="seconds to walk")
    duration_s = parser.parse_args().duration
    with tempfile.TemporaryDirectory() as scratch:
        with bare_hops():
            used, length_s = run_session(duration_s, Path(scratch) / "recording")
        recording = Recording(Path(scratch) / "recording")
        lines = [f"{os.cpu_count()} cores, {duration_s:.0f} s, load average {os.getloadavg()[0]:.1f}", ""]
        lines += ["| process | share of one core |", "|---|---|"]
        lines += [f"| {name} | {100 * s / length_s:.1f} % |" for name, s in sorted(used.items(), key=lambda x: -x[1])]
        lines += [f"| all | {100 * sum(used.values()) / length_s:.1f} % |", ""]
        lines += latencies(recording)
        lines += ["", *losses(recording)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
