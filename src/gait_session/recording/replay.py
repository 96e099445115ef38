# SPDX-License-Identifier: Apache-2.0
"""Feeds a recording through the analysis again, and compares with what the analysis found when it was live.

The live analysis begins afresh at ``SessionState.start``, and so does the replay. They must agree bit for bit; where
they do not, the recording lacks samples that the analysis had, the analysis was restarted, or the code has changed.
"""

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from gait_analysis.analyser import Analyser, AnalyserSettings, Result
from gait_analysis.events import GaitEvent
from gait_analysis.gait import GaitState, Stride
from gait_messages import values
from gait_parts import plugins
from gait_parts.settings import Settings
from gait_session.parameter_file import node_parameters, read_parameter_file
from gait_session.recording.reader import Recording

CONFIG_FILE = "config.yaml"
ACTIVE = 1  # SessionState.ACTIVE
_NODE = "analysis_node"
_STAMPS = ("time_s", "detected_s", "start_s", "other_foot_off_s", "other_contact_s", "foot_off_s", "end_s")


def replay(folder: Path) -> list[Result]:
    """Return all that the analysis finds in the recording, in the order in which samples told it.

    Raises ``ValueError`` when the folder holds no recording, no config, or no session that was started.
    """
    return list(_replay(folder, Recording(folder)))


def compare(folder: Path) -> list[str]:
    """Return in words where replayed events and strides differ from the recorded ones; empty when they are the same.

    Recorded messages that mean nothing are named, and are no events and strides.

    What the replay finds after the last recorded ``gait/state`` does not count: when a session ends, the recorder
    outlives the analysis.
    """
    recording = Recording(folder)
    start_s = _session(recording).start_s
    last_state_s = max(
        (values.seconds(recorded.message.header.stamp) for recorded in recording.messages("gait/state")),
        default=math.inf,
    )
    replayed: dict[type, list[Any]] = {GaitEvent: [], Stride: []}
    certain: dict[type, int] = {GaitEvent: 0, Stride: 0}  # how many the live analysis must have found as well
    for result in _replay(folder, recording):
        if isinstance(result, GaitState):
            if result.time_s <= last_state_s:
                certain = {kind: len(found) for kind, found in replayed.items()}
        elif type(result) in replayed:
            replayed[type(result)].append(_as_sent(result))
    events = [event for _, event in recording.values({"gait/events": values.gait_event})]
    strides = [stride for _, stride in recording.values({"gait/strides": values.stride})]
    events = [event for event in events if event.time_s >= start_s]  # before: of the analysis before the session
    strides = [stride for stride in strides if stride.start_s >= start_s]
    return [
        *recording.meaningless,
        *_differences("event", events, replayed[GaitEvent], certain[GaitEvent]),
        *_differences("stride", strides, replayed[Stride], certain[Stride]),
    ]


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of the recording's copy of the lab's config. Raises ``ValueError`` when there is none."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise ValueError(f"{folder} has no {CONFIG_FILE}: the settings of its nodes are not known")
    return read_parameter_file(path)


def analyser_settings(config: dict[str, Any]) -> tuple[AnalyserSettings, dict[str, Settings]]:
    """Return the analysis node's settings from a config file's content, and those of its parts by file name.

    Raises ``ValueError`` when a setting is unknown or out of its bounds.
    """
    given = node_parameters(config, _NODE)
    blocks = {name: block for name, block in given.items() if isinstance(block, dict)}
    own = {name: value for name, value in given.items() if name not in blocks}
    if unknown := sorted(set(own) - {field.name for field in fields(AnalyserSettings)}):
        raise ValueError(f"{_NODE} has no setting {', '.join(unknown)}")
    settings = AnalyserSettings(**own)
    packages = {name: package for package, name in settings.named_parts()}
    if unused := sorted(set(blocks) - set(packages)):
        raise ValueError(f"{_NODE} uses no part {', '.join(unused)}")
    parts = {name: plugins.settings_of(plugins.find(packages[name], name), block) for name, block in blocks.items()}
    return settings, parts


def _replay(folder: Path, recording: Recording) -> Iterator[Result]:
    settings, parts = analyser_settings(read_config(folder))
    session = _session(recording)
    analyser = Analyser(settings, session.participant, session.input, session.start_s, parts, session.prepared_s)
    for sample in recording.samples():
        yield from analyser.feed(sample)


def _session(recording: Recording) -> values.Session:
    """Return the last session that was started."""
    session = None
    for recorded, told in recording.values({"session/state": values.session}):
        if recorded.message.state == ACTIVE:
            session = told
    if session is None:
        raise ValueError(f"no session was started in {recording.folder}")
    return session


def _as_sent(result: Any) -> Any:
    """Return ``result`` as a message carries it: its points in time as stamps."""
    stamps = set(result._fields) & set(_STAMPS)
    return result._replace(**{name: values.as_stamped_s(getattr(result, name)) for name in stamps})


def _differences(word: str, recorded: list[Any], replayed: list[Any], certain_count: int) -> list[str]:
    found = []
    for number, (old, new) in enumerate(zip(recorded, replayed, strict=False)):
        names = [name for name in old._fields if not _is_same(getattr(old, name), getattr(new, name))]
        found += [f"{word} {number}: {name} was {getattr(old, name)!r}, is {getattr(new, name)!r}" for name in names]
    if len(recorded) > len(replayed):
        found.append(f"{len(recorded) - len(replayed)} recorded {word}s are not found again")
    if len(recorded) < certain_count:
        found.append(f"{certain_count - len(recorded)} {word}s are found that were not recorded")
    return found


def _is_same(old: Any, new: Any) -> bool:
    """Compare exactly; two unknown numbers are the same."""
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        return all(map(_is_same, old, new))
    return bool(old == new) or (
        isinstance(old, float) and isinstance(new, float) and math.isnan(old) and math.isnan(new)
    )
