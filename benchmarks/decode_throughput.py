# SPDX-License-Identifier: Apache-2.0
"""How much faster than real time the sensing stage turns load-cell bytes into samples, on one core.

Two minutes of a 2 kHz SRI M8128 stream, in reads of 1, 2, 16 and 128 frames, through: a bare ``struct`` loop that
trusts its input and builds nothing; the driver; the whole stream with clock and calibration.
"""

import struct
import time
from collections.abc import Callable

import numpy as np

from gait_sensing.calibration import CalibrationSettings, LoadCellCalibration
from gait_sensing.device_clock import clock_for
from gait_sensing.load_cells import sri_m8128
from gait_sensing.samples import ForceReadings
from gait_sensing.streams import LoadCellStream

RATE_HZ = 2000.0
DURATION_S = 120.0
FRAME = struct.Struct(">4xH24xx")
WRENCH = struct.Struct("<6f")

Feed = Callable[[bytes, float], object]


def main() -> None:
    """Print times faster than real time for each way of decoding and each size of a read."""
    n = int(RATE_HZ * DURATION_S)
    rng = np.random.default_rng(1)
    readings = ForceReadings(np.arange(n), rng.normal(size=(n, 3)) * 300.0, rng.normal(size=(n, 3)))
    stream = sri_m8128.Emulator(sri_m8128.Settings(rate_hz=RATE_HZ)).encode(readings)
    print(f"{n} frames, {DURATION_S:g} s at {RATE_HZ:g} Hz; times faster than real time")
    print()
    print("| frames a read | struct loop | driver | bytes to samples |")
    print("|---|---|---|---|")
    for frames_a_read in (1, 2, 16, 128):
        speeds = [_speed(feed, stream, frames_a_read) for feed in (_struct_loop, _driver(), _whole_stream())]
        print("| {:d} | {:.0f} | {:.0f} | {:.0f} |".format(frames_a_read, *speeds))


def _speed(feed: Feed, stream: bytes, frames_a_read: int) -> float:
    size = frames_a_read * sri_m8128.FRAME_BYTES
    read_s = frames_a_read / RATE_HZ
    start_s = time.perf_counter()
    for i in range(0, len(stream) // size):
        feed(stream[i * size : (i + 1) * size], 1.7e9 + (i + 1) * read_s)
    return DURATION_S / (time.perf_counter() - start_s)


def _struct_loop(data: bytes, received_s: float) -> None:
    for at in range(0, len(data), sri_m8128.FRAME_BYTES):
        FRAME.unpack_from(data, at)
        WRENCH.unpack_from(data, at + 6)


def _driver() -> Feed:
    driver = sri_m8128.Driver(sri_m8128.Settings(rate_hz=RATE_HZ))
    return lambda data, received_s: driver.feed(data)


def _whole_stream() -> Feed:
    driver = sri_m8128.Driver(sri_m8128.Settings(rate_hz=RATE_HZ))
    return LoadCellStream("plate", driver, clock_for(driver), LoadCellCalibration(CalibrationSettings())).feed


if __name__ == "__main__":
    main()
