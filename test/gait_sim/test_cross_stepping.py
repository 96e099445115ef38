# SPDX-License-Identifier: Apache-2.0
"""A walker whose steps go wrong: the truth says which, and the plates bear it where the foot is."""

from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.events import EventKind
from gait_sensing.samples import Side
from gait_sim.cross_stepping import FOOT_WIDTH_M, Irregularity, Placing, Step, StepKind
from gait_sim.walker import Walker, WalkerSettings

EXACT = WalkerSettings(
    variability=0.02, force_noise_n=0.0, moment_noise_nm=0.0, stance_time_asymmetry=0.0, step_time_asymmetry=0.0, seed=4
)
WEIGHT_N = 80.0 * 9.80665
IC, TO = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF


def walked(settings, duration_s=40.0, left_mps=1.1, right_mps=1.1):
    """Events, times [n], force [2, n, 3] and centre of pressure [2, n, 2] at 200 Hz."""
    walker, events, forces, centres = Walker(settings), [], [], []
    for number in range(round(duration_s * 50)):
        events += walker.advance((number + 1) / 50, left_mps, right_mps)
        both = [walker.plate(f"{side.value}_belt", number / 50 + np.arange(1, 5) / 200) for side in Side]
        forces.append([force for force, _ in both])
        centres.append([centre for _, centre in both])
    time_s = np.arange(1, 4 * len(forces) + 1) / 200
    return events, time_s, np.concatenate(forces, axis=1), np.concatenate(centres, axis=1)


def stances(events, kind):
    """(side, contact, foot off) of the irregular stances that are over."""
    found = []
    for event in events:
        if event.irregular is kind and event.kind is IC:
            offs = [e for e in events if e.side is event.side and e.kind is TO and e.time_s > event.time_s]
            if offs:
                assert offs[0].irregular is kind
                found.append((event.side, event.time_s, offs[0].time_s))
    return found


def test_by_default_no_step_is_irregular_and_nothing_is_drawn():
    assert {event.irregular for event in walked(WalkerSettings(), 20.0)[0]} == {StepKind.REGULAR}
    irregularity = Irregularity(WalkerSettings(), 1)
    assert all(irregularity.draw(side) == Step() for side in Side for _ in range(1000))


def test_cross_steps_change_where_the_load_is_and_not_how_much_nor_when():
    regular, crossing = walked(EXACT), walked(replace(EXACT, cross_step_share=0.15))
    assert [(e.time_s, e.side, e.kind) for e in regular[0]] == [(e.time_s, e.side, e.kind) for e in crossing[0]]
    assert len(stances(crossing[0], StepKind.CROSS)) > 5
    sums = [forces[:, :, ::2].sum(axis=0) for _, _, forces, _ in (regular, crossing)]  # fore-aft and vertical
    assert sums[0] == pytest.approx(sums[1], abs=1e-6)
    assert np.abs(regular[2] - crossing[2]).max() > 0.5 * WEIGHT_N


def test_each_plate_feels_pressure_on_its_own_side_of_the_gap():
    _, _, forces, centres = walked(replace(EXACT, cross_step_share=0.2))
    for (force_n, centre_m), outward in zip(zip(forces, centres, strict=True), (1.0, -1.0), strict=True):
        loaded = force_n[:, 2] > 0.0
        assert np.isnan(centre_m[~loaded]).all()
        assert (outward * centre_m[loaded, 1]).min() > 0.0
        assert (outward * centre_m[loaded, 1]).min() < 0.03  # edges of the other foot


@pytest.mark.parametrize(
    ("beyond_m", "share"), [(0.0, 0.0), (0.25 * FOOT_WIDTH_M, 0.25), (FOOT_WIDTH_M, 1.0), (0.15, 1.0)]
)
@pytest.mark.parametrize("side", list(Side))
def test_a_foot_across_the_gap_is_borne_by_both_plates_by_its_width(side, beyond_m, share):
    own, other = Placing(side).treads(Step(StepKind.CROSS, beyond_m), 0.3)
    outward = 1.0 if side is Side.LEFT else -1.0
    assert (own.share, other.share) == pytest.approx((1.0 - share, share))
    middle_m = own.share * own.left_m + other.share * other.left_m
    assert middle_m == pytest.approx(outward * (0.5 * FOOT_WIDTH_M - beyond_m))


def test_a_turned_foot_goes_on_across_the_gap():
    placing, step = Placing(Side.RIGHT), Step(StepKind.CROSS, 0.02, turn_m=0.04)
    shares = [placing.treads(step, part)[1].share for part in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([each / FOOT_WIDTH_M for each in (0.02, 0.04, 0.06)])


def test_both_feet_are_on_one_belt_for_three_strides():
    events, time_s, forces, _ = walked(replace(EXACT, one_belt_share=0.05), 60.0)
    found = stances(events, StepKind.CROSS)
    side, start_s, _ = found[0]
    run = [each for each in found if each[0] is side and each[1] < start_s + 3.5]
    assert len(run) == 3
    inside = (time_s > start_s) & (time_s < run[-1][2])
    bare, loaded = (0, 1) if side is Side.LEFT else (1, 0)
    assert forces[loaded, inside, 2].min() > 0.3 * WEIGHT_N
    late = inside & (time_s > start_s + 0.3)  # its own last stance is over
    assert forces[bare, late, 2].max() == 0.0


def test_a_foot_on_the_other_belt_is_carried_by_it():
    settings = replace(EXACT, one_belt_share=0.1, force_noise_n=0.0)
    events, time_s, _, centres = walked(settings, 40.0, left_mps=0.9, right_mps=1.3)
    for side, contact_s, off_s in stances(events, StepKind.CROSS)[:5]:
        other_off_s = next(e.time_s for e in events if e.side is side.other and e.kind is TO and e.time_s > contact_s)
        other_on_s = next(e.time_s for e in events if e.side is side.other and e.kind is IC and e.time_s > other_off_s)
        plate = 1 if side is Side.LEFT else 0
        at = (time_s > other_off_s) & (time_s < other_on_s)
        belt_mps = 0.9 if plate == 0 else 1.3
        gone_m = np.ptp(centres[plate, at, 0]) / (time_s[at][-1] - time_s[at][0])
        progress_mps = 0.2 / (off_s - contact_s)  # of the centre of pressure, heel to toe, at most 1.6 times that
        assert belt_mps - 1.7 * progress_mps < gone_m < belt_mps


def test_a_stumble_touches_down_in_swing_and_lands_late():
    events, time_s, forces, _ = walked(replace(EXACT, stumble_share=0.1))
    found = stances(events, StepKind.STUMBLE)
    assert len(found) >= 3
    for side, contact_s, _ in found:
        off_s = max(e.time_s for e in events if e.side is side and e.kind is TO and e.time_s < contact_s)
        vertical_n = forces[list(Side).index(side), :, 2]
        swing = (time_s > off_s + 0.02) & (time_s < contact_s - 0.02)
        assert 0.1 * WEIGHT_N < vertical_n[swing].max() < 0.55 * WEIGHT_N
        assert (vertical_n[swing] == 0.0).mean() > 0.5
        assert contact_s - off_s > 0.44  # regular swings last 0.37 s


def test_a_shuffle_never_leaves_the_ground_and_a_step_off_bears_nothing():
    events, time_s, forces, _ = walked(replace(EXACT, shuffle_share=0.05, step_off_share=0.05), 60.0)
    for side, contact_s, _ in stances(events, StepKind.SHUFFLE):
        off_s = max(e.time_s for e in events if e.side is side and e.kind is TO and e.time_s < contact_s)
        swing = (time_s > off_s) & (time_s < contact_s)
        assert forces[list(Side).index(side), swing, 2].min() > 0.07 * WEIGHT_N
    found = stances(events, StepKind.OFF)
    assert found
    for side, contact_s, off_s in found:
        assert forces[list(Side).index(side), (time_s > contact_s) & (time_s < off_s), 2].max() == 0.0
