#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the live analysis node costs with all sensors, beside a node that does nothing else than hear and publish.

    .venv/bin/python benchmarks/live_cost.py [windows of 8 s, default 4]

Two plates at 1 kHz, seven IMUs at 100 Hz and the belts at 20 Hz of a simulated walk come over DDS in real time to both
nodes at once, each in its own process; another process hears both nodes' `gait/state`. The *floor* has the
same subscriptions with the same QoS and publishes one ready-made `gait/state` for each instant of the control grid, and
does nothing else. Cost is processor time, user and system, of the whole process, threads of DDS included: median,
lowest and highest window after 10 s of walking. Plates come 16 samples a message (16 ms), or 2 (what `load_cell_node`
sends by default). `heard` is the share of the states that were to come.

Where the time goes: each part of the node's work alone, in a process without DDS, at the rates of the first row.
"""

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import rclpy
from gait_lab import msg
from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Imu
from simulated_walk import MASS_KG, PLATE_HZ, PLATES, Sample, walk

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.gait import GaitState
from gait_analysis.participant import Input, Participant
from gait_ros import qos
from gait_ros.messages import force_samples_message, imu_message, state_message, to_stamp, values
from gait_ros.running import LabNode, new_executor, run
from gait_sensing.samples import ForceSamples, ImuSample
from gait_sim.body_motion import SEGMENTS

TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
WARM_UP_S, WINDOW_S = 10.0, 8.0
DEADLINE_S = 60.0
PREPARED_S = 1e-4  # a sample, at most, made into bytes before the walk begins
FLOOR_STATES = "floor/gait/state"
RUNS = ((16, 200), (16, 500), (16, 1000), (2, 200), (2, 1000))  # samples a message, states Hz
DOMAIN = "77"
PARTICIPANT = Participant(MASS_KG, None)

Bytes = tuple[float, str, bytes]  # when, topic, message


def topics() -> dict[str, tuple[Any, Any]]:
    """Return type and QoS of each topic that the analysis hears."""
    found: dict[str, tuple[Any, Any]] = {f"imu/{segment}": (Imu, qos.SAMPLES) for segment in SEGMENTS}
    found |= {f"load_cell/{name}/samples": (msg.ForceSamples, qos.SAMPLES) for name in PLATES}
    return found | {"treadmill/state": (msg.TreadmillState, qos.EVENTS)}


def to_message(sample: Sample) -> tuple[str, Any]:
    """Return topic and message of a sample."""
    if isinstance(sample, ImuSample):
        return f"imu/{sample.segment}", imu_message(sample)
    if isinstance(sample, ForceSamples):
        return f"load_cell/{sample.name}/samples", force_samples_message(sample)
    message = msg.TreadmillState(left_speed_mps=sample.left_speed_mps, right_speed_mps=sample.right_speed_mps)
    message.header.stamp = to_stamp(sample.time_s)
    return "treadmill/state", message


class FloorNode(LabNode):
    """Hears what the analysis hears, and publishes as many states."""

    def __init__(self) -> None:
        super().__init__("floor_node")
        self._rate_hz = float(self.declare_parameter("state_rate_hz", 200.0).value)
        self._heard_count = self._told_count = 0
        self._state = msg.GaitState()
        self._states = self.create_publisher(msg.GaitState, FLOOR_STATES, qos.EVENTS)
        for topic, (kind, profile) in topics().items():
            on_message = self._on_plate if PLATES[0] in topic else self._ignore
            self.create_subscription(kind, topic, on_message, profile)

    def _ignore(self, message: object) -> None:
        pass

    def _on_plate(self, message: msg.ForceSamples) -> None:
        self._heard_count += len(message.time_offset_s)
        while self._told_count < self._heard_count * self._rate_hz / PLATE_HZ:
            self._told_count += 1
            self._states.publish(self._state)


class Lab:
    """Publishes the walk in real time and counts the states that come back."""

    def __init__(self, node: Node) -> None:
        self._publishers = {
            topic: node.create_publisher(kind, topic, profile) for topic, (kind, profile) in topics().items()
        }
        self._session = node.create_publisher(msg.SessionState, "session/state", qos.STATE)
        self.heard_count = {topic: 0 for topic in ("gait/state", FLOOR_STATES)}
        for topic in self.heard_count:
            node.create_subscription(msg.GaitState, topic, self._counter(topic), qos.EVENTS, raw=True)
        self._executor = new_executor()
        self._executor.add_node(node)

    def _counter(self, topic: str) -> Callable[[bytes], None]:
        def count(_: bytes) -> None:
            self.heard_count[topic] += 1

        return count

    def wait_for_nodes(self) -> None:
        """Wait until both nodes hear all."""
        end_s = time.monotonic() + DEADLINE_S
        while any(each.get_subscription_count() < 2 for each in self._publishers.values()):
            if time.monotonic() > end_s:
                sys.exit(f"the two nodes were not there after {DEADLINE_S:.0f} s")
            self._executor.spin_once(timeout_sec=0.1)

    def begin(self, start_s: float) -> None:
        """Tell the session, and wait for its start."""
        self._session.publish(msg.SessionState(body_mass_kg=MASS_KG, start=to_stamp(start_s)))
        while time.time() < start_s:
            self._executor.spin_once(timeout_sec=0.01)

    def play(self, messages: Iterator[Bytes], until_s: float) -> None:
        """Publish each message at its time, up to ``until_s``."""
        for due_s, topic, message in messages:
            while time.time() < due_s:
                self._executor.spin_once(timeout_sec=0.001)
            self._publishers[topic].publish(message)
            if due_s >= until_s:
                return


def used_s(process: "subprocess.Popen[bytes]") -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def start(command: list[str], state_rate_hz: int) -> "subprocess.Popen[bytes]":
    """Start one of the two nodes."""
    return subprocess.Popen([sys.executable, *command, "--ros-args", "-p", f"state_rate_hz:={state_rate_hz}.0"])


def measure(node: Node, batch_count: int, state_rate_hz: int, windows_count: int) -> str:
    """Return a row: both nodes side by side on one walk."""
    samples = list(walk(WARM_UP_S + windows_count * WINDOW_S, batch_count))
    analysis = "from gait_analysis.analysis_node import main; main()"
    processes = [start(["-c", analysis], state_rate_hz), start([__file__, "floor"], state_rate_hz)]
    try:
        lab = Lab(node)
        lab.wait_for_nodes()
        start_s = time.time() + PREPARED_S * len(samples)
        messages = prepared(samples, start_s)
        lab.begin(start_s)
        lab.play(messages, start_s + WARM_UP_S)
        cost = [[] for _ in processes]
        begun_count = dict(lab.heard_count)
        for window in range(1, windows_count + 1):
            before_s, clock_s = [used_s(process) for process in processes], time.monotonic()
            lab.play(messages, start_s + WARM_UP_S + window * WINDOW_S)
            length_s = time.monotonic() - clock_s
            for shares, process, begun_s in zip(cost, processes, before_s, strict=True):
                shares.append(100.0 * (used_s(process) - begun_s) / length_s)
        expected = windows_count * WINDOW_S * state_rate_hz
        heard = [100.0 * (count - begun_count[topic]) / expected for topic, count in lab.heard_count.items()]
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    difference = statistics.median(node - floor for node, floor in zip(*cost, strict=True))
    spreads = " | ".join(f"{statistics.median(each):.1f} ({min(each):.1f} to {max(each):.1f})" for each in cost)
    return f"| {batch_count} | {state_rate_hz} | {spreads} | {difference:.1f} | {heard[0]:.1f}, {heard[1]:.1f} |"


def prepared(samples: list[tuple[float, Sample]], start_s: float) -> Iterator[Bytes]:
    """Return messages as DDS carries them, made beforehand so that the walk comes in time."""
    rows = []
    for due_s, sample in samples:
        topic, message = to_message(replace(sample, time_s=sample.time_s + start_s))
        rows.append((due_s + start_s, topic, serialize_message(message)))
    return iter(rows)


def timed_ms(work: Callable[[], object], duration_s: float) -> float:
    """Return the processor time that ``work`` takes, in ms a second of walking."""
    start_s = time.process_time()
    work()
    return 1e3 * (time.process_time() - start_s) / duration_s


def analysed(samples: list[Sample], state_rate_hz: float) -> list[Any]:
    """Return what the analysis tells."""
    analyser = Analyser(AnalyserSettings(state_rate_hz=state_rate_hz), PARTICIPANT, Input.LIVE, 0.0)
    return [result for sample in samples for result in analyser.feed(sample)]


def parts(batch_count: int, state_rate_hz: float, duration_s: float = 40.0) -> dict[str, float]:
    """Return the cost of each part of the node's work in ms a second of walking."""
    gc.disable()  # it would search the lists that only this measurement keeps
    samples = [sample for _, sample in walk(duration_s, batch_count)]
    kinds = {topic: kind for topic, (kind, _) in topics().items()}
    sent = [(topic, serialize_message(message)) for topic, message in map(to_message, samples)]
    received: list[tuple[str, Any]] = []
    cost = {
        "bytes to messages": lambda: received.extend(
            (topic, deserialize_message(data, kinds[topic])) for topic, data in sent
        ),
        "messages to samples": lambda: [to_sample(topic, message) for topic, message in received],
    }
    told = {name: timed_ms(work, duration_s) for name, work in cost.items()}
    plates = [sample for sample in samples if not isinstance(sample, ImuSample)]
    feet = [each for each in samples if not isinstance(each, ImuSample) or each.segment.endswith("foot")]
    last_ms = 0.0
    for name, fed, rate_hz in (
        ("analysis: plates and belts", plates, 0.0),
        ("analysis: IMUs on the feet besides", feet, 0.0),
        ("analysis: the other five IMUs besides", samples, 0.0),
        (f"analysis: states at {state_rate_hz:.0f} Hz besides", samples, state_rate_hz),
    ):
        total_ms = timed_ms(lambda fed=fed, rate_hz=rate_hz: analysed(fed, rate_hz), duration_s)  # type: ignore[misc]
        told[name], last_ms = total_ms - last_ms, total_ms
    states = [result for result in analysed(samples, state_rate_hz) if isinstance(result, GaitState)]
    messages: list[msg.GaitState] = []
    make = lambda: messages.extend(state_message(state, PARTICIPANT, 0.0) for state in states)  # noqa: E731
    told["states to messages"] = timed_ms(make, duration_s)
    told["messages to bytes"] = timed_ms(lambda: [serialize_message(message) for message in messages], duration_s)
    return told


def to_sample(topic: str, message: Any) -> Sample:
    """Return the sample of a message, as the node does."""
    if isinstance(message, Imu):
        return values.imu_sample(message, topic.removeprefix("imu/"))
    return values.force_samples(message) if isinstance(message, msg.ForceSamples) else values.belt_sample(message)


def main() -> None:
    """Measure and print, or be the floor's process."""
    if "floor" in sys.argv[1:2]:
        run(FloorNode)
    windows_count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    os.environ |= {
        "ROS_DOMAIN_ID": os.environ.get("ROS_DOMAIN_ID", DOMAIN),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    print("| samples a message | states Hz | analysis node, % of a core | floor, % | difference, % | heard, % |")
    print("|---|---|---|---|---|---|")
    for batch_count, state_rate_hz in RUNS:
        with rclpy.init():
            node = rclpy.create_node("lab")
            print(measure(node, batch_count, state_rate_hz, windows_count), flush=True)
            node.destroy_node()
    print(f"\nLoad average {os.getloadavg()[0]:.1f}.\n")
    print("| part | ms a second |")
    print("|---|---|")
    for name, cost_ms in parts(*RUNS[0]).items():
        print(f"| {name} | {cost_ms:.1f} |")


if __name__ == "__main__":
    main()
