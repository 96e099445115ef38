# SPDX-License-Identifier: Apache-2.0
"""Runs the recorded bytes of each wire through driver, clock and calibration again, and compares with the samples.

They must agree bit for bit; where they do not, the recording lacks bytes or samples, the node was restarted in the
middle, or the code has changed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gait_parts import plugins
from gait_parts.settings import Settings
from gait_sensing import imus, load_cells
from gait_sensing.calibration import CalibrationSettings, LoadCellCalibration
from gait_sensing.device_clock import clock_for
from gait_sensing.drift import DriftSettings
from gait_sensing.raw_log import RawEntry
from gait_sensing.samples import ForceSamples, ImuSample
from gait_sensing.streams import ImuStream, LoadCellStream, replay
from gait_session import message_values as values
from gait_session.recording_reader import Recording
from gait_session.replay import node_parameters, read_config

Rows = np.ndarray[Any, np.dtype[np.float64]]  # [n, 1 + values]: stamp, values


def has_raw_bytes(folder: Path) -> bool:
    """Whether any wire's bytes were recorded."""
    return any(topic.endswith("/raw") for topic in Recording(folder).topics)


def raw_samples(folder: Path) -> dict[str, list[ImuSample] | list[ForceSamples]]:
    """Return the samples that the recorded bytes give, by the name of their stream ("imu/left_foot").

    Raises ``ValueError`` when the folder holds no recording, no config, or no raw bytes.
    """
    recording = Recording(folder)
    return {name: replay(_stream(folder, name), _entries(recording, topic)) for name, topic in _raw_topics(recording)}


def compare_raw(folder: Path) -> list[str]:
    """Return in words where the samples from recorded bytes differ from the recorded ones; empty when they are equal.

    A recorder that came later than the first bytes, or left before the last, has fewer samples; what it has must agree.
    """
    recording = Recording(folder)
    found: list[str] = []
    for name, topic in _raw_topics(recording):
        again = _rows(replay(_stream(folder, name), _entries(recording, topic)))
        before = _recorded_rows(recording, topic.removesuffix("/raw"), name)
        found += _differences(name, before, again)
    return found


def _differences(name: str, before: Rows, again: Rows) -> Iterator[str]:
    common, places_before, places_again = np.intersect1d(before[:, 0], again[:, 0], return_indices=True)
    absent_count = min(len(before), len(again)) - len(common)
    if absent_count > 0:
        yield f"{name}: {absent_count} of {len(before)} recorded samples are not found again"
    is_same = np.isclose(before[places_before], again[places_again], rtol=0.0, atol=0.0, equal_nan=True).all(axis=1)
    if not is_same.all():
        first = int(np.argmin(is_same))
        yield f"{name}: {(~is_same).sum()} samples differ, the first at {common[first]:.6f} s"


def _raw_topics(recording: Recording) -> list[tuple[str, str]]:
    """Return stream names ("imu/left_foot") and their raw topics."""
    topics = [topic for kind in ("imu", "load_cell") for topic in recording.find(f"{kind}/+/raw")]
    if not topics:
        raise ValueError(f"{recording.folder} has no raw bytes: set record_raw_bytes in the lab's config")
    return [("/".join(topic.split("/")[-3:-1]), topic) for topic in topics]


def _entries(recording: Recording, topic: str) -> Iterator[RawEntry]:
    for recorded in recording.messages(topic):
        yield from values.raw_entries(recorded.message)


def _stream(folder: Path, name: str) -> ImuStream | LoadCellStream:
    """Build the stream as the node did, from the recording's copy of the config."""
    kind, _, block_name = name.partition("/")
    package, node = (imus, "imu_node") if kind == "imu" else (load_cells, "load_cell_node")
    block = node_parameters(read_config(folder), node)[block_name]
    part = plugins.find(package.__name__, block["driver"])
    driver = part.Driver(_picked(part.Settings, block))
    clock = clock_for(driver, float(block.get("delay_s", 0.0)))
    if kind == "imu":
        return ImuStream(block_name, driver, clock)
    calibration = LoadCellCalibration(_picked(CalibrationSettings, block))
    return LoadCellStream(block_name, driver, clock, calibration, drift=_picked(DriftSettings, block))


def _picked(settings_type: type[Settings], block: dict[str, Any]) -> Any:
    return settings_type(**{name: block[name] for name in settings_type.__dataclass_fields__ if name in block})


def _recorded_rows(recording: Recording, topic: str, name: str) -> Rows:
    if name.startswith("imu/"):
        segment = name.partition("/")[2]
        return _rows([values.imu_sample(recorded.message, segment) for recorded in recording.messages(topic)])
    return _rows([values.force_samples(recorded.message) for recorded in recording.messages(f"{topic}/samples")])


def _rows(samples: list[ImuSample] | list[ForceSamples]) -> Rows:
    """Return samples as a table; stamps as a message carries them."""
    tables = [_force_rows(each) if isinstance(each, ForceSamples) else _imu_row(each) for each in samples]
    return np.vstack(tables) if tables else np.empty((0, 1))


def _imu_row(sample: ImuSample) -> Rows:
    vectors = (*sample.acceleration_mps2, *sample.angular_rate_radps, *sample.orientation_xyzw)
    return np.array([[values.as_stamped_s(sample.time_s), *vectors]])


def _force_rows(samples: ForceSamples) -> Rows:
    return np.column_stack([samples.time_s, samples.force_n, samples.moment_nm, samples.centre_of_pressure_m])
