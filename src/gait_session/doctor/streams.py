# SPDX-License-Identifier: Apache-2.0
"""The doctor's look at every stream: of the lab that runs, or of the sensing nodes, started for as long as it takes.

The judgement itself is made where the samples are, in ``gait_sensing.health``; here it is only listened to.
"""

import json
import math
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gait_sensing.health import Level
from gait_sensing.streams import NOT_ZEROED
from gait_session.doctor.finding import Finding
from gait_session.launching.command import PACKAGE
from gait_session.launching.environment import find_executable

RUNNING_FIRST_S = 3.0  # a running lab tells its health once a second; being discovered takes up to a second and a half
STARTED_FIRST_S = 15.0  # nodes on their way are heard in the end
QUIET_S = 3.0  # a node tells its health once a second, and a rate after two
LONGEST_S = 30.0
CHILD_TIMEOUT_S = 60.0
STREAMS = ("imu/", "load_cell/", "treadmill")
CONNECTED = "is it plugged in, switched on, and is this its address?"

Statuses = dict[str, dict[str, Any]]


def running_streams(environment: Mapping[str, str]) -> Statuses:
    """Return the streams of a lab that runs here already; empty when none does."""
    return _listen(RUNNING_FIRST_S, environment)


def started_streams(config: Path, environment: Mapping[str, str]) -> Statuses:
    """Start the sensing nodes on ``config``, listen, and end them. They set sensors up; nothing moves."""
    command = [sys.executable, "-m", "gait_session.command_line", "launch", "sensing", f"config:={config.absolute()}"]
    launch = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return {name: _without_zero(status) for name, status in _listen(STARTED_FIRST_S, environment).items()}
    finally:
        launch.send_signal(signal.SIGINT)
        launch.wait(CHILD_TIMEOUT_S)


def _without_zero(status: dict[str, Any]) -> dict[str, Any]:
    """Return a status without what is true of every load cell whose node has just been started, and of no harm."""
    if status["text"] != NOT_ZEROED:
        return status
    return {**status, "level": Level.GREEN.value, "text": "ok", "values": {**status["values"], "advice": ""}}


def findings(statuses: Statuses) -> Iterator[Finding]:
    """Yield one line for each stream, with its numbers."""
    if not statuses:
        advice = "start `gait-lab launch sensing config:=…` by hand: its output names a wrong setting"
        yield Finding(Level.RED, "streams", "no sensing node tells its health", advice)
    for name, status in sorted(statuses.items()):
        values = status["values"]
        numbers = _numbers(values)
        text = numbers if numbers and status["text"] == "ok" else "; ".join(filter(None, (status["text"], numbers)))
        level = Level(min(status["level"], Level.RED.value))
        yield Finding(level, name, text, values.get("advice") or (CONNECTED if level is Level.RED else ""))


def _numbers(values: Mapping[str, str]) -> str:
    """Return rate, age, jitter and losses as one text; empty for what has none."""
    if "nominal_rate_hz" not in values:
        return ""
    number = {name: float(text) for name, text in values.items() if name != "advice"}
    nominal = f"{number['nominal_rate_hz']:g} Hz"
    come = {
        "rate_hz": f"{number['rate_hz']:.1f} of {nominal}",
        "age_s": f"{1e3 * number['age_s']:.0f} ms old",
        "jitter_s": f"jitter {1e3 * number['jitter_s']:.1f} ms",
    }
    known = [text for name, text in come.items() if not math.isnan(number[name])]
    return ", ".join(
        [
            *(known or [f"nothing of {nominal} has come"]),
            f"{number['lost_count']:.0f} lost",
            f"{number['bad_checksum_count']:.0f} bad",
            f"{number['open_count']:.0f} times opened",
        ]
    )


def _listen(first_s: float, environment: Mapping[str, str]) -> Statuses:
    path = find_executable(PACKAGE, "health_node", environment)
    command = [str(path), *map(str, (first_s, QUIET_S, LONGEST_S))]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=CHILD_TIMEOUT_S)
    if done.returncode:
        raise ValueError(f"the health of the streams could not be asked: {done.stderr.strip().splitlines()[-1:]}")
    found: Statuses = json.loads(done.stdout)
    return {name: status for name, status in found.items() if name.startswith(STREAMS)}
