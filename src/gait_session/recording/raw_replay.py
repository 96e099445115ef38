# SPDX-License-Identifier: Apache-2.0
"""Runs the recorded bytes of each wire through driver, clock and calibration again, and compares with the samples.

They must agree bit for bit; where they do not, the recording lacks bytes or samples, the node was restarted in the
middle, or the code has changed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gait_messages import values
from gait_parts import plugins
from gait_parts.settings import Settings
from gait_sensing import imus, load_cells, treadmills
from gait_sensing.calibration.drift import DriftSettings
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.driver import TreadmillDriver
from gait_sensing.samples import BeltSample, ForceSamples
from gait_sensing.streams import ImuStream, LoadCellStream, replay
from gait_sensing.wires.raw_log import RawEntry, RawKind
from gait_session.parameter_file import node_parameters
from gait_session.recording.reader import Recording, Sample
from gait_session.recording.replay import read_config

_PLACES = {  # of a stream's kind: package of its driver, node that has its block
    "imu": (imus.__name__, "imu_node"),
    "load_cell": (load_cells.__name__, "load_cell_node"),
    "treadmill": (treadmills.__name__, "treadmill_node"),
}
Rows = np.ndarray[Any, np.dtype[np.float64]]  # [n, 1 + values]: stamp, values


def has_raw_bytes(folder: Path) -> bool:
    """Whether any wire's bytes were recorded."""
    return any(topic.endswith("/raw") for topic in Recording(folder).topics)


def raw_samples(folder: Path) -> dict[str, list[Sample]]:
    """Return the samples that the recorded bytes give, by the name of their stream ("imu/left_foot", "treadmill").

    The two wires of a treadmill with one for each belt are left out: its statuses are made of both.
    Raises ``ValueError`` when the folder holds no recording, no config, or no raw bytes.
    """
    recording, config = Recording(folder), read_config(folder)
    return {name: _replay(config, name, _entries(recording, topic)) for name, topic in _raw_topics(recording)}


def compare_raw(folder: Path) -> list[str]:
    """Return in words where the samples from recorded bytes differ from the recorded ones; empty when they are equal.

    Compared is the time that both cover: a recorder comes later than the first samples, and may leave before the last
    bytes. One that came more than half a minute after the first bytes lacks what the clock began with: stamps differ.
    """
    recording, found = Recording(folder), raw_samples(folder)
    return [
        difference
        for name, topic in _raw_topics(recording)
        for difference in _differences(name, _rows(_recorded(recording, topic, name)), _rows(found[name]))
    ]


def _differences(name: str, before: Rows, again: Rows) -> Iterator[str]:
    if len(before) == 0 or len(again) == 0:
        yield f"{name}: {len(before)} samples were recorded, the bytes give {len(again)}"
        return
    begin_s, end_s = max(before[0, 0], again[0, 0]), min(before[-1, 0], again[-1, 0])
    before, again = (_without_repetition(rows, begin_s, end_s) for rows in (before, again))
    common, places_before, places_again = np.intersect1d(before[:, 0], again[:, 0], return_indices=True)
    for rows, text in ((before, "recorded, and not found again"), (again, "found that were not recorded")):
        if len(rows) > len(common):
            yield f"{name}: {len(rows) - len(common)} of {len(rows)} samples {text}"
    is_same = np.isclose(before[places_before], again[places_again], rtol=0.0, atol=0.0, equal_nan=True).all(axis=1)
    if not is_same.all():
        first = int(np.argmin(is_same))
        yield f"{name}: {(~is_same).sum()} samples differ, the first at {common[first]:.6f} s"


def _without_repetition(rows: Rows, begin_s: float, end_s: float) -> Rows:
    """Return rows of this time; of those with one stamp, as two statuses in one read have, the last."""
    is_last = np.append(rows[1:, 0] != rows[:-1, 0], True)
    return rows[is_last & (rows[:, 0] >= begin_s) & (rows[:, 0] <= end_s)]


def _raw_topics(recording: Recording) -> list[tuple[str, str]]:
    """Return stream names and their raw topics."""
    topics = [topic for pattern in ("imu/+/raw", "load_cell/+/raw") for topic in recording.find(pattern)]
    named = [("/".join(topic.split("/")[-3:-1]), topic) for topic in topics]
    named += [("treadmill", topic) for topic in recording.find("treadmill/raw")]
    if not named:
        raise ValueError(f"{recording.folder} has no raw bytes: set record_raw_bytes in the lab's config")
    return named


def _entries(recording: Recording, topic: str) -> Iterator[RawEntry]:
    """Yield what was recorded of a wire; a recorder that was restarted got the latched messages twice."""
    seen: set[bytes] = set()
    for recorded in recording.messages(topic):
        key = bytes(np.array(recorded.message.time_s, np.float64))
        if key not in seen:
            seen.add(key)
            yield from values.raw_entries(recorded.message)


def _replay(config: dict[str, Any], name: str, entries: Iterator[RawEntry]) -> list[Sample]:
    """Build driver and stream as the node did, from the recording's copy of the config, and feed them."""
    kind, _, block_name = name.partition("/")
    package, node = _PLACES[kind]
    block = node_parameters(config, node)
    block = block[block_name] if block_name else block
    part = plugins.find(package, block["driver"])
    driver = part.Driver(_picked(part.Settings, block))
    if kind == "treadmill":
        return list(_belt_samples(driver, entries))
    clock = clock_for(driver, float(block.get("delay_s", 0.0)))
    if kind == "imu":
        return replay(ImuStream(block_name, driver, clock), entries)
    calibration = LoadCellCalibration(_picked(CalibrationSettings, block))
    return replay(LoadCellStream(block_name, driver, clock, calibration, drift=_picked(DriftSettings, block)), entries)


def _belt_samples(driver: TreadmillDriver, entries: Iterator[RawEntry]) -> Iterator[BeltSample]:
    for entry in entries:
        if entry.kind is RawKind.OPENED:
            driver.connect()
        for belts in driver.feed(entry.data):
            yield BeltSample(entry.time_s, belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)


def _picked(settings_type: type[Settings], block: dict[str, Any]) -> Any:
    return settings_type(**{name: block[name] for name in settings_type.__dataclass_fields__ if name in block})


def _recorded(recording: Recording, topic: str, name: str) -> list[Sample]:
    """Return the recorded samples of the stream whose raw bytes are on ``topic``."""
    base = topic.removesuffix("/raw")
    if name.startswith("imu/"):
        segment = name.partition("/")[2]
        return [values.imu_sample(recorded.message, segment) for recorded in recording.messages(base)]
    if name == "treadmill":
        return [values.belt_sample(recorded.message) for recorded in recording.messages(f"{base}/state")]
    return [values.force_samples(recorded.message) for recorded in recording.messages(f"{base}/samples")]


def _rows(samples: list[Sample]) -> Rows:
    """Return samples as a table, stamps as a message carries them."""
    tables = [_table(each) for each in samples]
    return np.vstack(tables) if tables else np.empty((0, 1))


def _table(sample: Sample) -> Rows:
    if isinstance(sample, ForceSamples):
        return np.column_stack([sample.time_s, sample.force_n, sample.moment_nm, sample.centre_of_pressure_m])
    stamp_s = values.as_stamped_s(sample.time_s)
    if isinstance(sample, BeltSample):
        return np.array([[stamp_s, sample.left_speed_mps, sample.right_speed_mps, sample.incline_rad]])
    return np.array([[stamp_s, *sample.acceleration_mps2, *sample.angular_rate_radps, *sample.orientation_xyzw]])
