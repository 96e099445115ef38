# SPDX-License-Identifier: Apache-2.0
"""Real streams of the Lab Streaming Layer, on loopback."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.lsl.inlet import ForceChannels, LslForceStream, StreamSettings
from gait_sensing.lsl.reader import LslReader
from gait_sensing.samples import ForceSamples

WaitUntil = Callable[..., None]
RATE_HZ = 200.0


def outlet(pylsl: Any, name: str, kind: str = "Force", channel_format: str = "double64") -> Any:
    info = pylsl.StreamInfo(name, kind, 6, RATE_HZ, channel_format, source_id=name)
    info.set_channel_labels(["fx", "fy", "fz", "mx", "my", "mz"])
    return pylsl.StreamOutlet(info)


class Plate:
    """A reader of a plate, and what it brought."""

    def __init__(self, name: str, kind: str = "", channels: ForceChannels | None = None) -> None:
        self.calibration = LoadCellCalibration(CalibrationSettings())
        self.stream = LslForceStream(
            "left_belt", channels or ForceChannels(), StreamSettings(rate_hz=RATE_HZ), self.calibration
        )
        self.pieces: list[ForceSamples] = []
        self.lock = threading.Lock()
        self.reader = LslReader(name, kind, self.stream, self.take, time.time)

    def take(self, chunk: Any) -> None:
        with self.lock:
            self.pieces += self.stream.feed(chunk)

    def vertical_n(self) -> list[float]:
        with self.lock:
            return [value for piece in self.pieces for value in piece.force_n[:, 2].tolist()]

    def time_s(self) -> np.ndarray:
        with self.lock:
            return np.concatenate([piece.time_s for piece in self.pieces])


@pytest.fixture
def plate() -> Iterator[Callable[..., Plate]]:
    plates: list[Plate] = []

    def make(*args: Any, **kwargs: Any) -> Plate:
        plates.append(Plate(*args, **kwargs))
        return plates[-1]

    yield make
    for each in plates:
        each.reader.close()


def test_samples_come_in_order_with_unix_time(
    pylsl: Any, plate: Callable[..., Plate], wait_until: WaitUntil, unique: str
) -> None:
    sender = outlet(pylsl, unique)
    it = plate(unique, "Force")
    wait_until(sender.have_consumers, lambda: sender.wait_for_consumers(0.1))
    first_s = pylsl.local_clock() - 0.5  # measured half a second before they are sent
    unix_s = time.time() - 0.5
    for k in range(100):
        sender.push_sample([0.0, 0.0, float(k), 0.0, 0.0, 0.0], first_s + k / RATE_HZ)
    wait_until(lambda: len(it.vertical_n()) == 100, lambda: time.sleep(0.01))
    assert it.vertical_n() == [float(k) for k in range(100)]
    assert it.time_s() == pytest.approx(unix_s + np.arange(100) / RATE_HZ, abs=0.02)
    assert np.diff(it.time_s()) == pytest.approx(1.0 / RATE_HZ, abs=1e-3)
    assert it.stream.health.sample_count == 100
    assert it.stream.clock.lost_count == it.stream.clock.duplicate_count == 0


def test_a_lost_stream_is_found_again(
    pylsl: Any, plate: Callable[..., Plate], wait_until: WaitUntil, unique: str
) -> None:
    it = plate(unique)
    for k in range(2):
        sender = outlet(pylsl, unique)
        wait_until(sender.have_consumers, lambda each=sender: each.wait_for_consumers(0.1))

        def push(each: Any = sender, value: int = k) -> None:
            each.push_sample([0.0, 0.0, float(value), 0.0, 0.0, 0.0])
            time.sleep(0.005)

        wait_until(lambda value=k: it.vertical_n()[-1:] == [float(value)], push)
        del sender, push
        wait_until(lambda: not it.reader.health().is_connected, lambda: time.sleep(0.01))
    assert it.reader.health().open_count == 2
    assert (np.diff(it.time_s()) > 0.0).all()


@pytest.mark.parametrize(
    ("kind", "channels", "channel_format", "text"),
    [
        ("Plate", ForceChannels(), "double64", "no LSL stream"),
        ("", ForceChannels(force_channels=["fx", "fy", "up"]), "double64", "no channel 'up'"),
        ("", ForceChannels(), "string", "carries text"),
    ],
)
def test_what_is_wrong_with_a_stream_is_said(
    pylsl: Any,
    plate: Callable[..., Plate],
    wait_until: WaitUntil,
    unique: str,
    kind: str,
    channels: ForceChannels,
    channel_format: str,
    text: str,
) -> None:
    sender = outlet(pylsl, unique, channel_format=channel_format)
    it = plate(unique, kind, channels)
    wait_until(lambda: text in it.reader.health().error, lambda: time.sleep(0.01))
    assert it.reader.health().open_count == 0
    del sender


def test_a_stream_must_be_named(pylsl: Any) -> None:
    with pytest.raises(ValueError, match="stream_name"):
        Plate("")


def test_without_pylsl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(ValueError, match=r"pip install 'gait_lab\[lsl\]'"):
        Plate("any")


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> str:
    """A name that no other stream on the machine has."""
    return f"{request.node.name}-{time.monotonic_ns()}"
