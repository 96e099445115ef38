# SPDX-License-Identifier: Apache-2.0
"""Write ``docs/settings.md`` from the settings dataclasses of every node and part; a test holds it fresh."""

import ast
import dataclasses
import json
import pathlib
from typing import Any, NamedTuple

from gait_analysis.analyser import AnalyserSettings
from gait_feedback.actuator_timer import ActuatorTimerSettings
from gait_feedback.haptic_node import ModalitySettings
from gait_feedback.intensity import IntensitySettings
from gait_feedback.ledger import LedgerSettings
from gait_feedback.limiter import LimiterSettings
from gait_feedback.schedule import ScheduleSettings
from gait_feedback.stability_guard import GuardSettings
from gait_parts import plugins
from gait_parts.settings import Settings, default_of
from gait_ros.devices import DelaySettings, RawSettings, TopicSettings
from gait_sensing.belt_gate.limits import GateSettings
from gait_sensing.belt_gate.supervisor import SupervisorSettings
from gait_sensing.calibration.drift import DriftSettings
from gait_sensing.calibration.load_cell import CalibrationSettings
from gait_sensing.load_cell_node import LoadCellNodeSettings
from gait_sensing.lsl.inlet import ForceChannels, ImuChannels, StreamSettings
from gait_sensing.mounting.mounting import MountingSettings
from gait_sensing.streams import ImuHealthSettings, LoadCellHealthSettings
from gait_session.monitor.prompts import PromptSettings
from gait_session.monitor_node import ServerSettings
from gait_session.recorder_node import RecorderSettings
from gait_session.session import SessionSettings
from gait_sim.recorded import RecordedSettings
from gait_sim.simulated_lab_node import LabSettings
from gait_sim.walker import WalkerSettings

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/settings.md"


class Block(NamedTuple):
    """Parameters of a node that share a prefix."""

    prefix: str  # ends in a dot, unless empty
    settings: list[type[Settings]]
    file: str = ""  # under src/, whose `declare_text` and `declare_names` belong here; empty: none
    when: str = ""  # what the config has said, where that decides; empty: always


class Choice(NamedTuple):
    """The parts of a package, one of which the config names; where ``key`` is empty, each has a block of its own."""

    prefix: str
    key: str
    package: str


DEVICES = "gait_ros/devices.py"
ANALYSIS = dict.fromkeys(package for package, _ in AnalyserSettings(shared_plate="any").named_parts())
# As the nodes declare them; a test compares.
NODES: dict[str, list[Block | Choice]] = {
    "imu_node": [
        Block("", [RawSettings], "gait_sensing/imu_node.py"),
        Block("mounting.", [MountingSettings]),
        Block("<segment>.", [ImuHealthSettings], DEVICES),
        Block("<segment>.", [TopicSettings], when="<segment>.topic"),
        Block("<segment>.", [DelaySettings], when="<segment>.url"),
        Choice("<segment>.", "driver", "gait_sensing.imus"),
    ],
    "load_cell_node": [
        Block("", [LoadCellNodeSettings], "gait_sensing/load_cell_node.py"),
        Block("<name>.", [CalibrationSettings, DriftSettings, LoadCellHealthSettings], DEVICES),
        Block("<name>.", [TopicSettings], when="<name>.topic"),
        Block("<name>.", [DelaySettings], when="<name>.url"),
        Choice("<name>.", "driver", "gait_sensing.load_cells"),
    ],
    "lsl_node": [
        Block("", [], "gait_sensing/lsl_node.py"),
        Block("<name>.", [StreamSettings]),
        Block("<name>.", [ImuChannels, ImuHealthSettings], when="<name>.carries: imu"),
        Block(
            "<name>.",
            [ForceChannels, CalibrationSettings, LoadCellHealthSettings],
            when="<name>.carries: load_cell",
        ),
    ],
    "treadmill_node": [
        Block("", [GateSettings, RawSettings], "gait_sensing/treadmill_node.py"),
        Block("supervisor.", [SupervisorSettings]),
        Choice("", "driver", "gait_sensing.treadmills"),
    ],
    "analysis_node": [
        Block("", [AnalyserSettings]),
        *(Choice("", "", package) for package in ANALYSIS),
    ],
    "feedback_node": [
        Choice("cue.", "strategy", "gait_feedback.cues"),
        Block("guard.", [GuardSettings]),
        Block("schedule.", [ScheduleSettings]),
        Block("limiter.", [LimiterSettings]),
        Block("intensity.", [IntensitySettings]),
        Choice("belt.", "law", "gait_feedback.belts"),
    ],
    "haptic_node": [
        Block("", [ModalitySettings, ActuatorTimerSettings, LedgerSettings], "gait_feedback/haptic_node.py"),
        Choice("", "driver", "gait_feedback.actuators"),
    ],
    "session_node": [Block("", [SessionSettings])],
    "recorder_node": [Block("", [RecorderSettings])],
    "monitor_node": [Block("", [ServerSettings, PromptSettings])],
    "simulated_lab_node": [Block("", [LabSettings, WalkerSettings, RecordedSettings])],
}

INTRODUCTION = """\
# Settings

Written by `tools/settings.py` from the settings of every node and part: change them there, then run it again with
`.venv/bin/python`.

A setting is a ROS parameter, and a config gives it under the name of its node; what stands before a dot is a level of
its own. So `mounting.walking_s` of `imu_node` and `<segment>.rate_hz` for the left foot are

```yaml
/**/imu_node:
  ros__parameters:
    segments: [left_foot]
    mounting:
      walking_s: 20.0
    left_foot:
      driver: xsens_mti
      url: "serial:///dev/serial/by-id/left_foot?baud_bps=115200"
      rate_hz: 100.0
```

`<segment>` and `<name>` stand for a name that the config itself uses. A setting without a default must be given. One
that is misspelt, of another type or out of its range stops the node at its start. `.nan` means that the value is not
known. All are read once, at the start: to change a setting, change the config and launch again. `sound_node` is a
`haptic_node` under another name.
"""

Row = tuple[str, str, str, str]


def rows(prefix: str, settings: type[Settings]) -> list[Row]:
    """Return name, default, allowed values and meaning of each field."""
    return [
        (f"`{prefix}{field.name}`", _shown(default_of(field)), _allowed(field.metadata), field.metadata["doc"])
        for field in dataclasses.fields(settings)
    ]


def text_rows(prefix: str, file: str) -> list[Row]:
    """Return a row for each ``declare_text`` and ``declare_names`` in ``file``."""
    found = []
    for call in ast.walk(ast.parse((ROOT / "src" / file).read_text(encoding="utf-8"))):
        function = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        if function in {"declare_text", "declare_names"}:
            texts = [node.value for each in call.args for node in ast.walk(each) if isinstance(node, ast.Constant)]
            name, doc, *default = texts
            shown = "`[]`" if function == "declare_names" else "".join(map(_shown, default))
            found.append((f"`{prefix}{name}`", shown, "", doc))
    return found


def parts(package: str) -> list[tuple[str, type[Settings]]]:
    """Return name and settings of every part of ``package``: each file that defines its own ``Settings``."""
    modules = {name: plugins.find(package, name) for name in plugins.available(package)}
    found = {name: getattr(module, "Settings", Settings) for name, module in modules.items()}
    return [(name, settings) for name, settings in found.items() if settings.__module__ == modules[name].__name__]


def tables(each: Block | Choice) -> list[str]:
    """Return the tables of a block, or of the parts to choose from: first what all of them have."""
    if isinstance(each, Block):
        found = text_rows(each.prefix, each.file) if each.file else []
        table = _table(found + [row for settings in each.settings for row in rows(each.prefix, settings)])
        return [f"With `{each.when}`:\n\n{table}" if each.when else table]
    if not each.key:
        return [
            f"A part of `{each.package}`, `{name}`:\n\n{_table(rows(f'{name}.', settings))}"
            for name, settings in parts(each.package)
        ]
    of_part = {name: rows(each.prefix, settings) for name, settings in parts(each.package)}
    shared = [row for row in next(iter(of_part.values())) if all(row in own for own in of_part.values())]
    key = f"{each.prefix}{each.key}"
    choice = (f"`{key}`", "", ", ".join(f"`{name}`" for name in of_part), f"file name of a part in `{each.package}`")
    own_tables = [
        f"With `{key}: {name}`:\n\n{_table(own)}"
        for name, all_rows in of_part.items()
        if (own := [row for row in all_rows if row not in shared])
    ]
    return [_table([choice, *shared]), *own_tables]


def page() -> str:
    """Return the whole page."""
    sections = [INTRODUCTION]
    for node, blocks in NODES.items():
        sections.append(f"## {node}\n")
        sections += [text for block in blocks for text in tables(block)]
    return "\n".join(sections)


def _shown(value: Any) -> str:
    return f"`{'.nan' if value != value else json.dumps(value)}`"


def _allowed(metadata: Any) -> str:
    if metadata["choices"]:
        return ", ".join(_shown(choice) for choice in metadata["choices"])
    low, high = metadata["low"], metadata["high"]
    if low is None:
        return "" if high is None else f"at most {high:.16g}"
    return f"at least {low:.16g}" if high is None else f"{low:.16g} to {high:.16g}"


def _table(found: list[Row]) -> str:
    lines = ["| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in found]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
