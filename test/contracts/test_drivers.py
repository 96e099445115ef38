# SPDX-License-Identifier: Apache-2.0
"""What every device file promises, checked for each file found: nobody adds a driver to a list here."""

import math
from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_parts.plugins import available, find
from gait_sensing.samples import BeltReading, BeltSetpoint, ForceReadings, ImuReading

IMUS, LOAD_CELLS, TREADMILLS = "gait_sensing.imus", "gait_sensing.load_cells", "gait_sensing.treadmills"
ALL = [(package, name) for package in (IMUS, LOAD_CELLS, TREADMILLS) for name in available(package)]
SENSORS = [(package, name) for package, name in ALL if package != TREADMILLS]
BELTS = [(package, name) for package, name in ALL if package == TREADMILLS]
VECTORS = Path(__file__).parent.parent / "vectors"
LONGEST_FRAME_BYTES = 4096  # no driver may wait for more than this
MANY_BYTES = 3 * LONGEST_FRAME_BYTES

every_driver = pytest.mark.parametrize(("package", "name"), ALL)
every_sensor = pytest.mark.parametrize(("package", "name"), SENSORS)
every_treadmill = pytest.mark.parametrize(("package", "name"), BELTS)
quickly = settings(derandomize=True, deadline=None, max_examples=40)

Row = tuple[float, ...]


class Bench:
    """A driver and its emulator, set up, and the readings and frames to try them with."""

    def __init__(self, package: str, name: str) -> None:
        self.package, self.module = package, find(package, name)
        self.driver = self.module.Driver(self.module.Settings())
        self.emulator = self.module.Emulator(self.module.Settings())
        self.can_resynchronise = self.module.Driver.can_resynchronise
        self.is_datagram = self.module.Driver.is_datagram
        self.shake_hands()

    def shake_hands(self) -> None:
        if self.driver.page_path:
            self.driver.take_page(self.emulator.page())
        data = self.driver.connect()
        for _ in range(20):
            self.driver.feed(self.emulator.feed(data))
            data = self.driver.pending()

    def feed(self, data: bytes) -> list[Row]:
        return rows(self.driver.feed(data))

    def reading(self, seed: int, tick: int = 0) -> Any:
        """One reading within what the wire can say."""
        values = [round(math.sin(seed * 7.0 + i), 3) for i in range(10)]
        if self.package == TREADMILLS:
            left_mps = values[0] if self.driver.can_reverse else abs(values[0])
            right_mps = values[1] if self.driver.can_reverse else abs(values[1])
            incline_rad = math.radians(round(abs(values[2]), 1))
            return BeltReading(left_mps, right_mps if self.driver.is_split else left_mps, incline_rad)
        if self.package == LOAD_CELLS:
            wrench = np.where(self.driver.is_measured, [*(500.0 * np.array(values[:3])), *values[3:6]], np.nan)
            tick = -1 if self.driver.tick_s is None else tick
            return ForceReadings(np.array([tick]), wrench[None, :3], wrench[None, 3:])
        has_tick = self.driver.tick_s is not None
        orientation = tuple(values[6:10]) if self.driver.has_orientation else None
        return ImuReading(tick if has_tick else None, tuple(values[:3]), tuple(values[3:6]), orientation)

    def frames(self, n: int, first_tick: int = 0) -> tuple[list[bytes], list[Row]]:
        """The bytes of ``n`` readings, frame by frame, and what should come out."""
        readings = [self.reading(i, first_tick + i) for i in range(n)]
        expected = [row for reading in readings for row in rows(reading)]
        if self.package != TREADMILLS and self.driver.tick_modulus:
            expected = [(row[0] % self.driver.tick_modulus, *row[1:]) for row in expected]
        return [self.emulator.encode(reading) for reading in readings], expected

    def close_to(self, expected: list[Row]) -> list[Any]:
        """``expected`` as the wire's resolution lets it through."""
        return [Near(row, self.tolerances()) for row in expected]

    def tolerances(self) -> list[float]:
        driver = self.driver
        if self.package == TREADMILLS:
            steps = [driver.speed_step_mps] * 2 + [driver.incline_step_rad]
        elif self.package == LOAD_CELLS:
            steps = [0.0] + [driver.force_step_n] * 3 + [driver.moment_step_nm] * 3
        else:
            steps = [0.0] + [driver.acceleration_step_mps2] * 3 + [driver.angular_rate_step_radps] * 3 + [0.0] * 4
        return [max(6e-4, 0.51 * step) for step in steps]

    def cut(self, frames: list[bytes], lengths: list[int]) -> list[bytes]:
        """The frames in pieces of these lengths, over and over; whole where the wire keeps messages whole."""
        return frames if self.is_datagram else cut(b"".join(frames), lengths)

    def advance(self, duration_s: float) -> BeltReading:
        """Move the belts on, and poll meanwhile as whoever watches over them must."""
        step_s = min(self.driver.poll_interval_s, duration_s)
        for _ in range(round(duration_s / step_s)):
            self.feed(self.emulator.feed(self.driver.poll()))
            belts: BeltReading = self.emulator.advance(step_s)
        return belts

    def feed_all(self, pieces: list[bytes]) -> list[Row]:
        """Feed messages one by one where the wire keeps them whole, else all at once."""
        pieces = pieces if self.is_datagram else [b"".join(pieces)]
        return [row for piece in pieces for row in self.feed(piece)]

    def filler(self) -> list[bytes]:
        frames, _ = self.frames(1, first_tick=12345)
        return frames * (MANY_BYTES // len(frames[0]))


def rows(readings: Any) -> list[Row]:
    """Whatever a driver returns, as tuples of numbers."""
    if isinstance(readings, list):
        return [row for reading in readings for row in rows(reading)]
    if isinstance(readings, ForceReadings):
        table = zip(readings.ticks.tolist(), readings.force_n.tolist(), readings.moment_nm.tolist(), strict=True)
        return [(tick, *force, *moment) for tick, force, moment in table]
    if isinstance(readings, BeltReading):
        return [(readings.left_speed_mps, readings.right_speed_mps, readings.incline_rad)]
    tick = math.nan if readings.tick is None else readings.tick
    vectors = (readings.acceleration_mps2, readings.angular_rate_radps, readings.orientation_xyzw)
    return [(tick, *(value for vector in vectors for value in vector or ()))]


@dataclass(frozen=True)
class Near:
    """Equal to a row that differs from ``row`` by no more than ``tolerances``."""

    row: Row
    tolerances: list[float]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, tuple)
            and len(other) == len(self.row)
            and all(map(self._is_near, other, self.row, self.tolerances))
        )

    @staticmethod
    def _is_near(found: float, expected: float, tolerance: float) -> bool:
        return abs(found - expected) <= max(tolerance, 1e-6 * abs(expected)) or (
            math.isnan(found) and math.isnan(expected)
        )


def cut(data: bytes, lengths: list[int]) -> list[bytes]:
    """``data`` in pieces of these lengths, over and over."""
    bounds = [0, *accumulate(lengths * (len(data) // sum(lengths) + 1))]
    return [data[a:b] for a, b in pairwise(bounds) if a < len(data)]


def buffered_bytes(thing: Any) -> int:
    """Bytes held anywhere in an object."""
    if isinstance(thing, (bytes, bytearray)):
        return len(thing)
    if isinstance(thing, (list, tuple, set)):
        return sum(map(buffered_bytes, thing))
    if isinstance(thing, dict):
        return sum(map(buffered_bytes, thing.values()))
    if isinstance(thing, ModuleType) or not hasattr(thing, "__dict__"):
        return 0
    return buffered_bytes(vars(thing))


def vectors(name: str) -> list[tuple[str, bytes]]:
    lines = (VECTORS / f"{name}.txt").read_text().splitlines()
    parts = [[part.strip() for part in line.split("|")] for line in lines if line.startswith("[")]
    return [(origin, bytes.fromhex(data)) for _, origin, _, data in parts]


@every_driver
def test_is_complete_and_says_where_its_bytes_come_from(package: str, name: str) -> None:
    module = find(package, name)
    module.Driver(module.Settings())
    module.Emulator(module.Settings())
    doc = module.__doc__ or ""
    assert "Source:" in doc
    assert "Confidence:" in doc
    for field in fields(module.Settings):
        assert field.metadata["doc"], f"{field.name} does not say what it means"


@every_driver
def test_every_vector_is_understood(package: str, name: str) -> None:
    found = vectors(name)
    assert {origin for origin, _ in found} == {"host", "device"}
    for origin, data in found:
        bench = Bench(package, name)
        before = bench.driver.counts.frame_count
        if origin == "device":
            bench.feed(data)
            assert bench.driver.counts.frame_count == before + 1
            assert bench.driver.counts.bytes_dropped_count == 0
        else:
            bench.emulator.feed(data)


@every_sensor
def test_connects_until_the_stream_is_on(package: str, name: str) -> None:
    bench = Bench(package, name)
    assert bench.emulator.is_streaming
    frames, _ = bench.frames(3)
    bench.feed(frames[0] + frames[1][:5])
    bench.shake_hands()  # once more, on a link that already streams, in the middle of a frame
    assert bench.emulator.is_streaming
    assert len(bench.feed(frames[2])) == 1
    bench.emulator.feed(bench.driver.disconnect())


@every_driver
def test_a_step_of_the_setup_is_handed_out_once(package: str, name: str) -> None:
    bench = Bench(package, name)
    assert bench.driver.pending() == b""


@every_sensor
def test_says_how_it_counts(package: str, name: str) -> None:
    driver = Bench(package, name).driver
    assert 0.0 < driver.sample_interval_s < 10.0
    if driver.tick_s is not None:
        assert 0.0 < driver.tick_s < 1.0
        assert driver.tick_modulus > 1
        assert driver.ticks_per_sample >= 1


@every_driver
def test_the_same_readings_however_the_bytes_are_cut(package: str, name: str) -> None:
    modulus = getattr(Bench(package, name).driver, "tick_modulus", 0)

    @quickly
    @given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
    def check(lengths: list[int]) -> None:
        bench = Bench(package, name)
        frames, expected = bench.frames(7, first_tick=max(0, modulus - 3))
        found = [row for piece in bench.cut(frames, lengths) for row in bench.feed(piece)]
        assert found == bench.close_to(expected)
        assert bench.driver.counts.reading_count == 7
        assert bench.driver.counts.bytes_dropped_count == 0

    check()
    for lengths in ([1], [100_000]):
        bench = Bench(package, name)
        frames, expected = bench.frames(7)
        found = [row for piece in bench.cut(frames, lengths) for row in bench.feed(piece)]
        assert found == bench.close_to(expected)


@every_driver
def test_garbage_hides_no_frame(package: str, name: str) -> None:
    module = find(package, name)

    @quickly
    @given(st.binary(min_size=1, max_size=300), st.binary(max_size=300))
    def check(before: bytes, after: bytes) -> None:
        bench = Bench(package, name)
        frames, expected = bench.frames(5)
        if bench.can_resynchronise:
            found = bench.feed_all([before + module.Driver.terminator, *frames, after, *bench.filler()])
            start = next(i for i, row in enumerate(found) if row == bench.close_to(expected)[0])
            assert found[start : start + 5] == bench.close_to(expected)
        else:
            assert bench.feed_all([b"\x01" + before, *bench.filler()]) == []  # rather nothing than something wrong
            bench.shake_hands()
            assert bench.feed_all(frames) == bench.close_to(expected)

    check()


@every_driver
def test_a_corrupt_byte_costs_no_other_frame(package: str, name: str) -> None:
    @quickly
    @given(st.integers(0, 10_000), st.integers(1, 255))
    def check(at: int, flips: int) -> None:
        bench = Bench(package, name)
        frames, expected = bench.frames(5)
        broken = bytearray(frames[2])
        broken[at % (len(broken) - len(bench.driver.terminator))] ^= flips
        if bench.can_resynchronise:
            found = bench.feed_all([*frames[:2], bytes(broken), *frames[3:], *bench.filler()])
            assert found[:2] == bench.close_to(expected[:2])
            start = next(i for i, row in enumerate(found) if row == bench.close_to(expected)[3])
            assert start <= 3
            assert found[start : start + 2] == bench.close_to(expected[3:])
        else:
            found = bench.feed_all([*frames[:2], b"\x01", frames[2]])
            assert found == bench.close_to(expected[:2])

    check()


@every_driver
def test_a_fixed_corruption_is_counted(package: str, name: str) -> None:
    bench = Bench(package, name)
    frames, _ = bench.frames(1)
    if bench.driver.has_checksum:
        assert bench.feed(frames[0][:-1] + bytes([frames[0][-1] ^ 0x5A])) == []
        assert bench.driver.counts.bad_checksum_count == 1
    else:
        assert bench.feed_all([b"\x01" + bench.driver.terminator, *bench.filler()[:2]]) != bench.frames(2)[1]
    assert bench.driver.counts.bytes_dropped_count > 0


@every_driver
def test_no_bytes_make_it_raise_or_grow(package: str, name: str) -> None:
    at_rest = buffered_bytes(Bench(package, name).driver)

    @settings(quickly, max_examples=100)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        bench = Bench(package, name)
        frames, _ = bench.frames(3)
        starts = [frame[:k] for frame in frames for k in (1, 2, 4, 6)] + [raw for _, raw in vectors(name)]
        pieces = data.draw(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from(starts)), max_size=30))
        for piece in pieces:
            bench.driver.feed(piece)
            bench.driver.pending()
            bench.emulator.feed(piece)
            assert buffered_bytes(bench.driver) <= at_rest + LONGEST_FRAME_BYTES
            assert buffered_bytes(bench.emulator) <= at_rest + LONGEST_FRAME_BYTES

    check()
    bench = Bench(package, name)
    noise = np.random.default_rng(1).bytes(300_000)
    for piece in cut(noise, [1000, 7]):
        bench.driver.feed(piece)
        bench.emulator.feed(piece)
    assert buffered_bytes(bench.driver) <= at_rest + LONGEST_FRAME_BYTES


@every_driver
@pytest.mark.parametrize("rest", [b"\x00", b"\xff", b"A"])
def test_no_beginning_of_a_frame_makes_it_wait_for_ever(package: str, name: str, rest: bytes) -> None:
    beginnings = {raw[:k] for _, raw in vectors(name) for k in range(1, 9)}
    for beginning in sorted(beginnings):
        for thing in (Bench(package, name).driver, Bench(package, name).emulator):
            at_rest = buffered_bytes(thing)
            for piece in cut(beginning + rest * 2 * MANY_BYTES, [64, 1000]):
                thing.feed(piece)
            assert buffered_bytes(thing) <= at_rest + LONGEST_FRAME_BYTES


@every_treadmill
def test_connecting_moves_nothing(package: str, name: str) -> None:
    bench = Bench(package, name)
    bench.emulator.feed(bench.driver.disconnect())  # nor does leaving without having commanded
    assert rows(bench.emulator.advance(10.0)) == [(0.0, 0.0, 0.0)]
    assert bench.driver.min_command_interval_s > 0.0
    assert 0.0 < bench.emulator.status_interval_s < 0.5


@every_treadmill
def test_belts_follow_a_command_at_its_acceleration(package: str, name: str) -> None:
    bench = Bench(package, name)
    right_mps = 1.2 if not bench.driver.is_split else -0.4 if bench.driver.can_reverse else 0.4
    bench.emulator.feed(bench.driver.command(BeltSetpoint(1.2, right_mps, 0.5, 0.0)))
    first = rows(bench.advance(1.0))
    if bench.driver.has_acceleration:
        assert first == bench.close_to([(0.5, right_mps, 0.0)])
    reading = bench.advance(10.0)
    assert rows(reading) == bench.close_to([(1.2, right_mps, 0.0)])
    assert bench.feed(bench.emulator.encode(reading)) == bench.close_to([(1.2, right_mps, 0.0)])


@every_treadmill
def test_what_a_treadmill_cannot_do_is_refused(package: str, name: str) -> None:
    driver = Bench(package, name).driver
    if not driver.is_split:
        with pytest.raises(ValueError, match="got"):
            driver.command(BeltSetpoint(1.2, 0.8, 0.5, 0.0))
    if not driver.can_reverse:
        with pytest.raises(ValueError, match="got"):
            driver.command(BeltSetpoint(-1.2, -1.2, 0.5, 0.0))


@every_treadmill
def test_polling_moves_nothing_and_brings_a_status(package: str, name: str) -> None:
    bench = Bench(package, name)
    found: list[Row] = []
    for _ in range(10):
        found += bench.feed(bench.emulator.feed(bench.driver.poll()))
    assert rows(bench.emulator.advance(10.0)) == [(0.0, 0.0, 0.0)]
    assert bool(found) == math.isfinite(bench.driver.poll_interval_s)


@every_treadmill
@pytest.mark.parametrize("field", ["left_speed_mps", "right_speed_mps", "acceleration_mps2", "incline_rad"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_no_command(package: str, name: str, field: str, value: float) -> None:
    driver = Bench(package, name).driver
    setpoint = {"left_speed_mps": 1.0, "right_speed_mps": 1.0, "acceleration_mps2": 0.5, "incline_rad": 0.0}
    with pytest.raises(ValueError, match="got"):
        driver.command(BeltSetpoint(**{**setpoint, field: value}))


@every_treadmill
@pytest.mark.parametrize("acceleration_mps2", [0.0, -0.5])
def test_acceleration_must_be_above_zero(package: str, name: str, acceleration_mps2: float) -> None:
    with pytest.raises(ValueError, match="acceleration"):
        Bench(package, name).driver.command(BeltSetpoint(1.0, 1.0, acceleration_mps2, 0.0))


def test_all_three_kinds_were_found() -> None:
    assert {package for package, _ in ALL} == {IMUS, LOAD_CELLS, TREADMILLS}
