# SPDX-License-Identifier: Apache-2.0
"""Mountings found on the simulated walker, whose IMUs all have x forward, y left, z up: what is turned is the truth."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventKind
from gait_sensing.mounting.mounting import ImuMounting, MountingSettings
from gait_sensing.mounting.rows import RowCutter
from gait_sensing.samples import ImuSample
from gait_sim.body_motion import SEGMENTS
from gait_sim.walker import Walker, WalkerSettings

RATE_HZ = 100
START_S = 1_700_000_000.0  # host time is Unix time
STAND_S, WALK_S, STOP_S = 4.0, 21.0, 6.0
NO_ORIENTATION = (math.nan,) * 4


@cache
def walk(speed_mps: float = 1.1, prosthetic_side: str = "left", seed: int = 1):
    """Samples of all segments, [n, 7] each, and true contacts: stands, walks, stands."""
    walker = Walker(WalkerSettings(prosthetic_side=prosthetic_side, seed=seed))
    count = round((STAND_S + WALK_S + STOP_S) * RATE_HZ)
    readings = {segment: np.zeros((count, 7)) for segment in SEGMENTS}
    contacts = []
    for index in range(count):
        time_s = index / RATE_HZ
        belt_mps = speed_mps if STAND_S <= time_s < STAND_S + WALK_S else 0.0
        contacts += [
            (event.side, START_S + event.time_s)
            for event in walker.advance(time_s + 0.001, belt_mps, belt_mps)
            if event.kind is EventKind.INITIAL_CONTACT
        ]
        for segment in SEGMENTS:
            reading = walker.imu(segment, time_s, None)
            readings[segment][index] = (START_S + time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
    return readings, contacts


def turned(reading, rotation):
    """What a sensor measures that is mounted with ``rotation``, sensor axes to segment axes."""
    back = rotation.inv()
    return np.hstack([reading[:, :1], back.apply(reading[:, 1:4]), back.apply(reading[:, 4:])])


def samples_of(segment, reading):
    return [ImuSample(segment, row[0], tuple(row[1:4]), tuple(row[4:]), NO_ORIENTATION) for row in reading.tolist()]


def run(readings, contacts=(), settings=None, batch_count=10):
    mounting = ImuMounting(settings or MountingSettings(), list(readings))
    samples = {segment: samples_of(segment, reading) for segment, reading in readings.items()}
    for side, time_s in contacts:
        mounting.feed_contact(side, time_s)
    for first in range(0, max(map(len, samples.values())), batch_count):
        for series in samples.values():
            for sample in series[first : first + batch_count]:
                mounting.feed(sample)
    return mounting


def errors(mounting):
    return [finding for finding in mounting.findings() if finding.level != "info"]


def angle_deg(result, truth):
    return math.degrees((Rotation.from_quat(result.rotation_xyzw) * truth.inv()).magnitude())


def mountings(seed):
    return dict(zip(SEGMENTS, Rotation.random(len(SEGMENTS), rng=np.random.default_rng(seed)), strict=True))


@pytest.mark.parametrize("speed_mps", [0.5, 1.1, 1.6])
def test_random_mountings_are_found(speed_mps):
    readings, contacts = walk(speed_mps)
    truth = mountings(3)
    mounting = run({segment: turned(readings[segment], truth[segment]) for segment in SEGMENTS}, contacts)
    assert mounting.is_complete
    for segment in SEGMENTS:
        result = mounting.result(segment)
        assert angle_deg(result, truth[segment]) < (5.0 if segment == "pelvis" else 2.0)
        assert result.tilt_spread_rad < 0.01
        assert result.stride_count >= 5
        assert result.stride_agreement >= 0.8
        assert (result.rate_share > 0.9) == (segment != "pelvis")
    assert mounting.findings() == []


def test_how_samples_are_interleaved_changes_nothing():
    readings, contacts = walk()
    results = []
    for batch_count in (1, 7, 1000):
        mounting = run(readings, contacts, batch_count=batch_count)
        results.append([mounting.result(segment) for segment in SEGMENTS] + mounting.findings())
    assert results[0] == results[1] == results[2]
    assert results[0][0] is not None


def test_without_contacts_left_and_right_are_not_told():
    readings, _ = walk()
    (finding,) = run(readings).findings()
    assert (finding.level, finding.segment) == ("info", "")
    assert finding.text.startswith("cannot tell left from right")


def test_swapped_feet_are_named_where_contacts_tell():
    readings, contacts = walk()
    swapped = {**readings, "left_foot": readings["right_foot"], "right_foot": readings["left_foot"]}
    (finding,) = run(swapped, contacts).findings()
    assert (finding.level, finding.text) == ("error", "left_foot and right_foot look swapped")


def test_one_imu_on_the_other_leg_is_named_alone():
    readings, contacts = walk()
    worn = {segment: readings[segment] for segment in SEGMENTS if segment != "right_thigh"}
    worn["left_thigh"] = readings["right_thigh"]
    (finding,) = run(worn, contacts).findings()
    assert finding.text == "left_thigh looks worn on the right leg"


def test_without_contacts_labels_that_contradict_each_other_are_said_to():
    readings, _ = walk()
    swapped = {**readings, "left_shank": readings["right_shank"], "right_shank": readings["left_shank"]}
    texts = [finding.text for finding in errors(run(swapped))]
    assert texts == [
        "left and right look swapped either for foot or for shank: cannot tell which",
        "left and right look swapped either for shank or for thigh: cannot tell which",
    ]


@pytest.mark.parametrize(("one", "other"), [("left_foot", "left_shank"), ("right_thigh", "right_shank")])
def test_swapped_segments_are_named_and_have_no_mounting(one, other):
    readings, contacts = walk(0.5)
    mounting = run({**readings, one: readings[other], other: readings[one]}, contacts)
    (finding,) = errors(mounting)
    assert {finding.segment, finding.other} == {one, other}
    assert finding.text.endswith("look swapped")
    assert mounting.result(one) is None is mounting.result(other)
    assert mounting.result("pelvis") is not None


def test_an_imu_worn_on_another_segment_is_named():
    readings, contacts = walk()
    worn = {segment: readings[segment] for segment in SEGMENTS if segment != "right_thigh"}
    worn["left_foot"] = readings["right_thigh"]
    (finding,) = errors(run(worn, contacts))
    assert finding.text == "left_foot looks worn on a thigh"


@pytest.mark.parametrize("segment", ["left_foot", "right_foot", "left_shank"])
@pytest.mark.parametrize("signs", [(1, 1, 1, -1, -1, -1), (1, -1, 1, 1, -1, 1), (-1, 1, 1, -1, 1, 1)])
def test_an_imu_with_mirrored_axes_or_a_reversed_rate_is_named(segment, signs):
    readings, contacts = walk()
    mounting = run({**readings, segment: readings[segment] * [1.0, *signs]}, contacts)
    (finding,) = errors(mounting)
    assert finding.segment == segment and "mirrored" in finding.text
    assert mounting.result(segment) is None


def test_an_imu_that_lies_on_a_table_is_named():
    readings, contacts = walk()
    resting = readings["left_shank"].copy()
    resting[:, 1:] = resting[:100, 1:].mean(axis=0)
    (finding,) = errors(run({**readings, "left_shank": resting}, contacts))
    assert finding.text == "left_shank does not move with the walking: it may not be worn"


@pytest.mark.parametrize(
    ("rotvec", "text"),
    [
        ((0.0, 0.0, math.pi), "pelvis is turned by 1"),
        ((math.pi, 0.0, 0.0), "pelvis is worn upside down"),
        ((0.0, 0.0, 0.5 * math.pi), "pelvis is turned by 9"),
        ((0.0, 0.9, 0.0), "pelvis is tilted by 52 degrees"),
        ((0.0, 0.2, 0.2), ""),
    ],
)
def test_a_mounting_that_is_not_as_expected_is_named(rotvec, text):
    readings, contacts = walk()
    worn = {**readings, "pelvis": turned(readings["pelvis"], Rotation.from_rotvec(rotvec))}
    settings = MountingSettings(expected=["pelvis +x +y +z", "left_foot +x +y +z"])
    found = errors(run(worn, contacts, settings))
    assert len(found) == bool(text)
    assert all(finding.segment == "pelvis" and finding.text.startswith(text) for finding in found)


def test_the_turn_about_the_vertical_has_its_direction():
    readings, contacts = walk()
    worn = {**readings, "left_foot": turned(readings["left_foot"], Rotation.from_rotvec((0.0, 0.0, 1.0)))}
    (finding,) = errors(run(worn, contacts, MountingSettings(expected=["left_foot +x +y +z"])))
    assert "turned by 57 degrees to the left" in finding.text


@pytest.mark.parametrize("line", ["pelvis +x +y", "pelvis +x +y -z", "pelvis +x +x +z", "pelvis forward left up"])
def test_an_expected_mounting_that_is_none_is_refused(line):
    with pytest.raises(ValueError, match=r"expected: got .*right-handed"):
        ImuMounting(MountingSettings(expected=[line]), ["pelvis"])


def moved_after_walking(reading, rotvec):
    late = reading[:, :1] > START_S + STAND_S + WALK_S - 1.0
    return np.where(late, turned(reading, Rotation.from_rotvec(rotvec)), reading)


def test_an_imu_that_moved_since_the_pose_is_named():
    readings, contacts = walk()
    worn = {**readings, "left_foot": moved_after_walking(readings["left_foot"], (0.0, 0.35, 0.0))}
    (finding,) = errors(run(worn, contacts))
    assert finding.text == "left_foot moved on the segment since the pose, by 20 degrees or more"


def test_several_that_stand_otherwise_are_a_posture():
    readings, contacts = walk()
    worn = dict(readings)
    for segment in ("left_thigh", "right_thigh"):
        worn[segment] = moved_after_walking(readings[segment], (0.0, -1.2, 0.0))
    mounting = run(worn, contacts)
    assert errors(mounting) == []
    assert "cannot tell whether IMUs moved" in mounting.findings()[-1].text


def test_a_seated_pose_gives_no_mounting_of_the_thigh():
    readings, contacts = walk()
    early = readings["left_thigh"][:, :1] < START_S + STAND_S
    sitting = turned(readings["left_thigh"], Rotation.from_rotvec((0.0, 1.5, 0.0)))
    mounting = run({**readings, "left_thigh": np.where(early, sitting, readings["left_thigh"])}, contacts)
    assert mounting.result("left_thigh") is None
    (finding,) = errors(mounting)
    assert finding.segment == "left_thigh"
    assert "the pose was not standing" in finding.text


def test_nothing_is_known_before_a_pose_and_walking():
    readings, _ = walk()
    standing = {segment: reading[: round(STAND_S * RATE_HZ)] for segment, reading in readings.items()}
    walking = {segment: reading[round((STAND_S + 2.0) * RATE_HZ) :] for segment, reading in readings.items()}
    for part, missing in ((standing, "quiet standing"), (walking, "quiet standing")):
        mounting = run(part)
        assert not mounting.is_complete
        assert mounting.result("left_foot") is None
        assert f"waiting for {missing}" in mounting.findings()[0].text


def test_a_silent_imu_holds_nobody_up_for_ever():
    readings, contacts = walk()
    mounting = ImuMounting(MountingSettings(), [*SEGMENTS, "left_hand"])
    for side, time_s in contacts:
        mounting.feed_contact(side, time_s)
    series = [samples_of(segment, readings[segment]) for segment in SEGMENTS if segment != "right_foot"]
    for samples in zip(*series, strict=True):
        for sample in samples:
            mounting.feed(sample)
    extra_s = 20.0
    for sample in series[0][-1:]:
        mounting.feed(ImuSample(sample.segment, sample.time_s + extra_s, *[(0.0, 0.0, 9.81)] * 2, NO_ORIENTATION))
    assert mounting.result("left_foot") is not None
    assert [finding.text for finding in mounting.findings()] == [
        "right_foot sent too little during pose and walking",
        "cannot tell how left_hand is mounted: no rule for this segment",
    ]


def test_samples_that_are_not_numbers_are_left_out():
    readings, contacts = walk()
    holes = readings["left_foot"].copy()
    holes[::50, 2] = math.nan
    mounting = run({**readings, "left_foot": holes}, contacts)
    assert angle_deg(mounting.result("left_foot"), Rotation.identity()) < 2.0


def test_uneven_movement_is_not_taken_for_walking():
    readings, _ = walk()
    random = np.random.default_rng(5)
    fidgeting = readings["left_foot"].copy()
    fidgeting[round(STAND_S * RATE_HZ) :, 1:] += random.normal(0.0, 3.0, (len(fidgeting) - round(STAND_S * RATE_HZ), 6))
    fidgeting[round(STAND_S * RATE_HZ) :, 4:] = random.normal(0.0, 2.0, (len(fidgeting) - round(STAND_S * RATE_HZ), 3))
    mounting = run({"left_foot": fidgeting})
    assert not mounting.is_complete
    assert "waiting for even walking" in mounting.findings()[0].text


def test_a_foot_alone_that_rests_long_in_each_stance_is_walking():
    readings, _ = walk(0.4)
    mounting = run({"left_foot": readings["left_foot"]})
    assert angle_deg(mounting.result("left_foot"), Rotation.identity()) < 2.0


def test_a_row_is_handed_out_once_however_late_samples_come():
    cutter = RowCutter(["left_foot", "right_foot"])
    series = samples_of("left_foot", walk()[0]["left_foot"][:2600])
    rows = [row for sample in series for row in cutter.feed(sample)]
    assert rows[0].readings.keys() == {"left_foot"}
    late = samples_of("right_foot", walk()[0]["right_foot"][:2600])
    rows += [row for sample in late for row in cutter.feed(sample)]
    begins_s = [row.begin_s for row in rows]
    assert begins_s == sorted(set(begins_s))
    assert begins_s[-1] == START_S + 25.0
    assert rows[-1].readings.keys() == {"left_foot", "right_foot"}
