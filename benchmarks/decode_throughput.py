# SPDX-License-Identifier: Apache-2.0
"""How much faster than real time each driver decodes its device at the highest rate it may be set to, on one core.

    python benchmarks/decode_throughput.py [--frames 20000]

Frames come from the driver's own emulator, in reads of one frame and of what 16 ms bring, as from a USB adapter; where
the wire keeps messages whole, one message a read, and 40 records a message where there is a buffered mode. Three
figures, each the best of three runs, in processor time:

- *floor*: a loop that trusts its input, unpacks each frame with one ``struct.Struct`` of little-endian float32 and
  keeps nothing; for text, it finds every number with a regular expression and turns it into a float;
- *driver*: bytes to readings, checks and all;
- *stream*: the same with device clock, health and, for load cells, calibration: bytes to samples; not for treadmills.

At least 50 times real time is asked of a driver; "slow" marks one that is not. A treadmill's rate is that of its
statuses.
"""

import argparse
import dataclasses
import re
import struct
import time
from collections.abc import Callable, Iterator

from emulated_wire import IMUS, TREADMILLS, EmulatedWire, every_driver, highest_rate_hz

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.streams import ImuStream, LoadCellStream

BURST_S = 0.016
BUFFERED_COUNT = 40
LEAST_TIMES = 50.0
RUN_COUNT = 3
TEXT = re.compile(rb"[ -~\t\r\n]+")
NUMBER = re.compile(rb"[+-]?\d+(?:\.\d+)?")

Feed = Callable[[bytes, float], object]


@dataclasses.dataclass(frozen=True)
class Case:
    """One row: a device at a rate, and how many of its frames a read brings."""

    package: str
    name: str
    rate_hz: float
    frames_a_read: int
    mode: str = ""  # of a device that has several; empty: as it is by default

    def wire(self) -> EmulatedWire:
        """Return the device at this rate, set up."""
        values: dict[str, float | str] = {} if self.package == TREADMILLS else {"rate_hz": self.rate_hz}
        if self.mode:
            values["mode"] = self.mode
        return EmulatedWire(self.package, self.name, **values)


def cases() -> Iterator[Case]:
    """Yield the rows of the table."""
    for package, name in every_driver():
        rate_hz = highest_rate_hz(package, name)
        yield Case(package, name, rate_hz, 1)
        wire = Case(package, name, rate_hz, 1).wire()
        burst_count = round(rate_hz * BURST_S)
        if not wire.driver.is_datagram and burst_count > 1:
            yield Case(package, name, rate_hz, burst_count)
        modes = (
            field.metadata["choices"] for field in dataclasses.fields(wire.module.Settings) if field.name == "mode"
        )
        if any("buffered" in choices for choices in modes):
            yield Case(package, name, rate_hz, BUFFERED_COUNT, "buffered")


def times_real_time(feed: Feed, reads: list[bytes], read_s: float) -> float:
    """Return how many seconds of the stream one second of processor time decodes."""
    start_s = time.process_time()
    received_s = 1.7e9
    for read in reads:
        received_s += read_s
        feed(read, received_s)
    return len(reads) * read_s / (time.process_time() - start_s)


def floor_of(frame: bytes) -> Feed:
    """Return the loop that trusts its input, for frames like this one."""
    if TEXT.fullmatch(frame):
        return lambda data, received_s: [float(number) for number in NUMBER.findall(data)]
    layout = struct.Struct(f"<{len(frame) // 4}f{len(frame) % 4}B")

    def unpack(data: bytes, received_s: float) -> None:
        for at in range(0, len(data), layout.size):
            layout.unpack_from(data, at)

    return unpack


def driver_of(case: Case) -> Feed:
    """Return the driver alone."""
    driver = case.wire().driver
    return lambda data, received_s: driver.feed(data)


def stream_of(case: Case) -> Feed:
    """Return the driver with all that stands between it and samples."""
    driver = case.wire().driver
    if case.package == IMUS:
        return ImuStream("left_foot", driver, clock_for(driver)).feed
    return LoadCellStream("plate", driver, clock_for(driver), LoadCellCalibration(CalibrationSettings())).feed


def measure(case: Case, frame_count: int) -> str:
    """Return the row of one case."""
    wire = case.wire()
    n = case.frames_a_read
    frames = [wire.frame(number) for number in range(frame_count // n * n)]
    reads = [b"".join(frames[at : at + n]) for at in range(0, len(frames), n)]
    before = wire.driver.counts.reading_count
    for read in reads[:100]:
        wire.driver.feed(read)
    if wire.driver.counts.reading_count - before != 100 * n:
        raise RuntimeError(f"{case.name}: {wire.driver.counts} after 100 reads of {n} frames")
    ways: list[Callable[[], Feed]] = [lambda: floor_of(frames[0]), lambda: driver_of(case)]
    ways += [] if case.package == TREADMILLS else [lambda: stream_of(case)]
    best = [max(times_real_time(way(), reads, n / case.rate_hz) for _ in range(RUN_COUNT)) for way in ways]
    cells = [f"{times:.0f}" for times in best] + ["-"] * (3 - len(best))
    size = f"{n} records" if case.mode else f"{n} frame{'s' * (n > 1)}"
    verdict = "" if best[1] >= LEAST_TIMES else "slow"
    return f"| {case.name} | {case.rate_hz:g} | {len(frames[0])} | {size} | {' | '.join(cells)} | {verdict} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20_000, help="frames in each run")
    frame_count = parser.parse_args().frames
    print("| driver | Hz | bytes a frame | a read | floor, x real time | driver | stream | |\n|" + "---|" * 8)
    for case in cases():
        print(measure(case, frame_count), flush=True)


if __name__ == "__main__":
    main()
