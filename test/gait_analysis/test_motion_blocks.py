# SPDX-License-Identifier: Apache-2.0
"""Motion samples fed singly or in blocks tell the same, bit for bit."""

import math
from functools import cache

import numpy as np
import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.contact.plausibility import MotionCheck
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import ForceSamples, ImuRow, ImuSample, ImuSamples
from gait_sim.body_motion import SEGMENTS
from gait_sim.walker import Walker, WalkerSettings

MASS_KG, DURATION_S, BLOCK_S, PLATE_HZ, IMU_HZ = 80.0, 24.0, 1.0, 200, 100
UNKNOWN_XYZW = (math.nan,) * 4
SILENT = ("right_foot", 9.0, 10.5)  # these samples never come

Streams = tuple[list[ForceSamples], dict[str, list[ImuRow]]]


@cache
def recorded() -> Streams:
    walker, plates = Walker(WalkerSettings(body_mass_kg=MASS_KG, seed=3)), []
    rows: dict[str, list[ImuRow]] = {segment: [] for segment in SEGMENTS}
    for block in range(round(DURATION_S / BLOCK_S)):
        time_s = block * BLOCK_S + (np.arange(round(BLOCK_S * PLATE_HZ)) + 1) / PLATE_HZ
        walker.advance(float(time_s[-1]), 1.0, 1.0)
        for name in ("left_belt", "right_belt"):
            force_n, pressure_m = walker.plate(name, time_s)
            plates.append(ForceSamples(name, 0, time_s, force_n, np.full_like(force_n, np.nan), pressure_m))
        for instant_s in time_s[1 :: PLATE_HZ // IMU_HZ].tolist():
            for segment in SEGMENTS:
                if not (segment == SILENT[0] and SILENT[1] < instant_s < SILENT[2]):
                    told = walker.imu(segment, instant_s, None)
                    rows[segment].append((instant_s, *told.acceleration_mps2, *told.angular_rate_radps, *UNKNOWN_XYZW))
    return plates, rows


def blocks(rows: dict[str, list[ImuRow]], size: int) -> list[ImuSample | ImuSamples]:
    if size == 1:
        return [ImuSample(name, r[0], r[1:4], r[4:7], r[7:]) for name, some in rows.items() for r in some]
    return [
        ImuSamples(name, some[first : first + size])
        for name, some in rows.items()
        for first in range(0, len(some), size)
    ]


def analysed(size: int, with_plates: bool) -> list[str]:
    plates, rows = recorded()
    analyser = Analyser(AnalyserSettings(state_rate_hz=20.0, stale_s=2.0), Participant(MASS_KG, None), Input.LIVE, 0.0)
    samples = [*blocks(rows, size), *(plates if with_plates else [])]
    samples.sort(key=lambda each: each.rows[-1][0] if hasattr(each, "rows") else float(each.time_s[-1]))
    results = [result for sample in samples for result in analyser.feed(sample)]
    return [repr(result) for result in [*results, *analyser.finish()]]


@pytest.mark.parametrize("size", [5, 50])
@pytest.mark.parametrize("with_plates", [True, False])
def test_blocks_tell_what_single_samples_tell(size, with_plates):
    singly, in_blocks = analysed(1, with_plates), analysed(size, with_plates)
    count = min(len(singly), len(in_blocks)) - 40  # one stream may come farther than another at the end
    assert count > 400
    assert in_blocks[:count] == singly[:count]
    assert any(text.startswith("Stride") and "foot_clearance_m=0" in text for text in singly)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_check_of_blocks_says_what_changed_and_when(size):
    moving = [(0.01 * k, 0.1 * k, 0.0, 9.8, 0.0, 0.0, 1.0, *UNKNOWN_XYZW) for k in range(100)]
    stuck = [(1.0 + 0.01 * k, *moving[-1][1:]) for k in range(50)]
    wild = [(1.5 + 0.01 * k, 5000.0, *moving[-1][2:]) for k in range(20)]
    back = [(1.7 + 0.01 * k, *row[1:]) for k, row in enumerate(moving)]
    check, measured, changes = MotionCheck("left_foot"), [], []
    rows = moving + stuck + wild + back
    for first in range(0, len(rows), size):
        some, news = check.feed(rows[first : first + size])
        measured += some
        changes += news
    believed_stuck = [row for row in stuck if row in measured]
    assert len(measured) == len(moving) + len(believed_stuck) + len(back) and 5 < len(believed_stuck) < 12
    assert [reason.split(":")[0] for _, reason in changes] == [
        "left_foot is stuck",
        "left_foot sends values that no worn sensor measures",
        "",
    ]
    assert [time_s for time_s, _ in changes] == pytest.approx([1.2, 1.5, 1.7], abs=0.011)
