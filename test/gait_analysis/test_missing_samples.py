# SPDX-License-Identifier: Apache-2.0
"""Streams that stop, samples that are lost or wrong, people who stop or leave: nothing is invented."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.events import EventFlag, GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride, Subphase
from gait_sensing.samples import Side

FAST = AnalyserSettings(state_rate_hz=0.0)


def of(kind, results):
    return [result for result in results if isinstance(result, kind)]


def without(walked, side, first, end):
    """The walk without samples ``first`` to ``end`` of one plate; sample numbers tell of the loss."""
    plate = walked.plates[side]
    keep = np.r_[0:first, end : len(plate.time_s)]
    arrays = ("time_s", "force_n", "moment_nm", "centre_of_pressure_m")
    cut = replace(plate, **{name: getattr(plate, name)[keep] for name in arrays})
    return replace(walked, plates={**walked.plates, side: cut})


def test_a_lost_stream_makes_its_limb_unknown_and_comes_back(walk, walker, analyse):
    walked = walk(walker(duration_s=12.0))
    results = analyse(without(walked, Side.LEFT, 4000, 7000), lag_s=lambda name: 0.0)
    states = of(GaitState, results)
    assert states[-1].left.is_in_contact is not None
    for state in states:
        if 4.06 < state.time_s < 7.0:
            assert state.left.is_in_contact is None and math.isnan(state.left.load_bw)
            assert "left_belt" in state.left.reason
            assert state.left.subphase is state.right.subphase is Subphase.UNKNOWN
            assert state.right.is_in_contact is not None
    again = next(state for state in states if state.time_s > 6.9 and state.left.is_in_contact is not None)
    assert again.right.is_phase_valid and again.right.subphase is Subphase.UNKNOWN  # events may have been missed
    events = of(GaitEvent, results)
    assert not [event for event in events if event.side is Side.LEFT and 4.0 <= event.time_s < 7.0]
    right = [event for event in events if event.side is Side.RIGHT]
    assert len(right) == sum(side is Side.RIGHT for _, side, _ in walked.truth)
    lost = [stride for stride in of(Stride, results) if 3.4 < stride.start_s < 7.0]
    assert lost and not any(stride.is_accepted for stride in lost)
    assert of(Stride, results)[-1].is_accepted


def test_one_stream_alone_is_not_held_back_for_ever(walk, walker, analyse):
    walked = walk(walker(duration_s=5.0))
    alone = replace(walked, plates={Side.RIGHT: walked.plates[Side.RIGHT]})
    results = analyse(alone)
    assert len([event for event in of(GaitEvent, results)]) == sum(side is Side.RIGHT for _, side, _ in walked.truth)
    assert of(GaitState, results)[-1].left.is_in_contact is None
    assert not of(Asymmetry, results)


def test_a_short_gap_at_a_contact_is_flagged(walk, walker, analyse):
    walked = without(walk(walker(duration_s=6.0)), Side.LEFT, 2690, 2720)  # around the contact at 2.7 s
    (event,) = [event for event in of(GaitEvent, analyse(walked, FAST)) if abs(event.time_s - 2.7) < 0.03]
    assert event.flags & EventFlag.INTERPOLATION_FAR
    assert event.confidence < 1.0


@pytest.mark.parametrize("wrong", [math.nan, -1e4, math.inf, -math.inf])
def test_samples_that_are_no_measurement_make_contact_unknown(walk, walker, analyse, wrong):
    walked = walk(walker(duration_s=8.0))
    plate = walked.plates[Side.LEFT]
    force_n = plate.force_n.copy()
    force_n[3000:3400] = wrong
    force_n[5001, 2] = wrong  # a single one does no harm
    broken = replace(walked, plates={**walked.plates, Side.LEFT: replace(plate, force_n=force_n)})
    results = analyse(broken)
    for state in of(GaitState, results):
        assert (state.left.is_in_contact is None) == (3.05 < state.time_s <= 3.4)
    times_s = [event.time_s for event in of(GaitEvent, results) if event.side is Side.LEFT]
    assert not [time_s for time_s in times_s if 3.0 <= time_s <= 3.401]
    assert len([stride for stride in of(Stride, results) if stride.is_accepted]) >= 4


def test_someone_who_leaves_ends_phase_without_inventing_events(walk, walker, analyse):
    walked = walk(walker(duration_s=12.0, noise_n=5.0))
    plates = {}
    for side, plate in walked.plates.items():
        force_n = plate.force_n.copy()
        force_n[8000:, 2] = 5.0 * np.random.default_rng(1).standard_normal(4000)
        plates[side] = replace(plate, force_n=force_n)
    results = analyse(replace(walked, plates=plates))
    assert not [event for event in of(GaitEvent, results) if event.time_s > 8.01]
    last = of(GaitState, results)[-1]
    assert last.left.is_in_contact is None and not last.left.is_phase_valid
    assert "nobody is on the plates" in last.left.reason and last.left.subphase is Subphase.UNKNOWN


def test_standing_still_and_starting_again_loses_one_stride_only(walk, walker, analyse):
    walked = walk(walker(duration_s=8.0, noise_n=5.0))
    at = 3980  # both feet down
    plates = {}
    for side, plate in walked.plates.items():
        force_n = np.concatenate(
            (plate.force_n[:at], np.repeat(plate.force_n[at : at + 1], 5000, axis=0), plate.force_n[at:])
        )
        count = len(force_n)
        force_n[at : at + 5000, 2] += np.random.default_rng(2).standard_normal(5000)  # nobody stands like a stone
        plates[side] = replace(
            plate,
            time_s=np.arange(1, count + 1) / 1000.0,
            force_n=force_n,
            moment_nm=np.zeros((count, 3)),
            centre_of_pressure_m=np.zeros((count, 2)),
        )
    strides = of(Stride, analyse(replace(walked, plates=plates), FAST))
    rejected = [stride for stride in strides if not stride.is_accepted]
    assert {stride.side for stride in rejected} == {Side.LEFT, Side.RIGHT} and len(rejected) == 2
    assert all(stride.stride_time_s > 5.0 and "stood" in stride.reason for stride in rejected)
