# SPDX-License-Identifier: Apache-2.0
"""The analysis as a whole: it finds the truth, and what it finds depends on the samples alone."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Presence, Stride, Subphase
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import ImuSample, Side

FAST = AnalyserSettings(state_rate_hz=0.0)


def of(kind, results):
    return [result for result in results if isinstance(result, kind)]


def texts(results):
    return [repr(result) for result in results]  # repr tells every float apart and lets NaN equal NaN


@pytest.fixture(scope="module")
def noisy(walk, walker):
    return walk(
        walker(
            duration_s=7.0,
            noise_n=5.0,
            drift_n=20.0,
            moment_noise_nm=0.3,
            first_contact_s=(0.3113, 0.8737),
            stride_time_s=1.1171,
            stance_time_s=(0.66, 0.71),
        )
    )


@pytest.fixture(scope="module")
def noisy_results(noisy, analyse):
    return texts(analyse(noisy))


def drawn(sizes: list[int]) -> Iterator[int]:
    return itertools.cycle(sizes)


@given(
    left=st.lists(st.integers(1, 40), min_size=1, max_size=20),
    right=st.lists(st.integers(1, 40), min_size=1, max_size=20),
    left_lag_s=st.floats(0.0, 0.05),
    right_lag_s=st.floats(0.0, 0.05),
    belt_lag_s=st.floats(-0.05, 0.045),
)
@hypothesis_settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # smaller batches tell no more of a failure
)
def test_batches_and_order_of_arrival_do_not_matter(
    noisy, noisy_results, analyse, left, right, left_lag_s, right_lag_s, belt_lag_s
):
    sizes = {Side.LEFT: left, Side.RIGHT: right}
    lags_s = {"left": left_lag_s, "right": right_lag_s, "belt": belt_lag_s}
    results = texts(analyse(noisy, sizes=lambda side: drawn(sizes[side]), lag_s=lags_s.__getitem__))
    shared = min(len(results), len(noisy_results))  # the last batch of one stream may be longer than the other's
    assert shared > len(noisy_results) - 20
    assert results[:shared] == noisy_results[:shared]


def test_every_event_is_found_in_order_and_none_invented(walk, walker, analyse):
    walked = walk(walker(noise_n=5.0, drift_n=20.0, stance_time_s=(0.7, 0.8)))
    events = of(GaitEvent, analyse(walked, FAST))
    for (time_s, side, kind), event in itertools.zip_longest(walked.truth, events):
        assert (event.side, event.kind) == (side, kind)
        assert event.time_s == pytest.approx(time_s, abs=0.005)
        assert event.time_s <= event.detected_s < event.time_s + 0.015
        assert event.flags == EventFlag.NONE


def test_strides_measure_what_was_walked(walk, walker, analyse):
    truth = walker(
        first_contact_s=(0.3, 0.95),
        stance_time_s=(0.72, 0.78),
        landing_m=(0.28, 0.21),
        noise_n=2.0,
        moment_noise_nm=0.3,
        duration_s=40.0,
    )
    walked = walk(truth)
    strides = of(Stride, analyse(walked, FAST))
    assert len(strides) == sum(len(walked.times(side, EventKind.INITIAL_CONTACT)) - 1 for side in Side)
    assert all(stride.is_accepted for stride in strides)
    for side, step_s, stance_s, double_s, own_m, other_m in (
        (Side.LEFT, 0.55, 0.72, 0.23, 0.28, 0.21),
        (Side.RIGHT, 0.65, 0.78, 0.07, 0.21, 0.28),
    ):
        mine = [stride for stride in strides if stride.side is side]
        assert [stride.number for stride in mine] == list(range(1, len(mine) + 1))

        def median(name, mine=mine):
            return np.median([getattr(stride, name) for stride in mine])

        assert median("stride_time_s") == pytest.approx(1.2, abs=0.001)
        assert median("step_time_s") == pytest.approx(step_s, abs=0.001)
        assert median("stance_time_s") == pytest.approx(stance_s, abs=0.005)
        assert median("swing_time_s") == pytest.approx(1.2 - stance_s, abs=0.005)
        assert median("initial_double_support_time_s") == pytest.approx(double_s, abs=0.005)
        assert median("cadence_hz") == pytest.approx(2.0 / 1.2, abs=0.002)
        assert median("stride_length_m") == pytest.approx(1.2, abs=0.006)
        assert median("step_length_m") == pytest.approx(own_m - other_m + step_s, abs=0.01)
        assert median("step_width_m") == pytest.approx(0.22, abs=0.005)
        assert median("speed_mps") == pytest.approx(1.0, abs=0.006)
        errors_m = [stride.step_length_m - (own_m - other_m + step_s) for stride in mine]
        assert np.std(errors_m) < 0.02  # a step, one at a time


def test_asymmetry_is_that_of_the_walk(walk, walker, analyse):
    truth = walker(first_contact_s=(0.3, 0.95), stance_time_s=(0.72, 0.78), noise_n=5.0, drift_n=20.0, duration_s=30.0)
    asymmetries = of(Asymmetry, analyse(walk(truth), FAST, Participant(75.0, Side.LEFT)))
    metrics = {metric.name: metric for metric in asymmetries[-1].metrics}
    assert metrics["step_time"].rolling_median == pytest.approx((0.65 - 0.55) / 1.2, abs=0.002)
    assert metrics["stance_time"].rolling_median == pytest.approx((0.78 - 0.72) / 1.5, abs=0.004)
    assert metrics["stance_time"].prosthetic_value == pytest.approx(0.72, abs=0.006)
    assert "sound" in metrics["stance_time"].index
    assert metrics["stance_time"].strides_used_count == 10


def test_mirrored_walk_gives_mirrored_results(noisy, analyse):
    names = {Side.LEFT: "right_belt", Side.RIGHT: "left_belt"}
    plates = {
        side.other: replace(plate, name=names[side], centre_of_pressure_m=plate.centre_of_pressure_m * [1.0, -1.0])
        for side, plate in noisy.plates.items()
    }
    mirrored = replace(noisy, plates=dict(sorted(plates.items())))

    def without_absent(stride):  # without a prosthesis the left leg is the one that is looked at
        return stride._replace(deviations=[each for each in stride.deviations if each.presence is not Presence.ABSENT])

    for one, other in zip(of(Stride, analyse(noisy, FAST)), of(Stride, analyse(mirrored, FAST)), strict=True):
        assert other.side is one.side.other
        assert repr(without_absent(other._replace(side=one.side))) == repr(without_absent(one))


def test_heavier_person_walking_alike_gives_the_same_events(noisy, analyse):
    plates = {side: replace(plate, force_n=2.0 * plate.force_n) for side, plate in noisy.plates.items()}
    heavy = analyse(replace(noisy, plates=plates), FAST, Participant(150.0, None))
    assert texts(of(GaitEvent, heavy)) == texts(of(GaitEvent, analyse(noisy, FAST)))


def test_the_same_walk_at_another_time_gives_the_same_results(walk, walker, analyse):
    settings = AnalyserSettings(state_rate_hz=256.0)
    walked = walk(walker(rate_hz=1024.0, duration_s=6.0, noise_n=5.0))  # times that floating point holds exactly
    shift_s = 2.0**30
    now, later = analyse(walked, settings), analyse(walked.moved(shift_s), settings, start_s=shift_s)
    assert [type(result) for result in now] == [type(result) for result in later]
    for one, other in zip(of(GaitEvent, now), of(GaitEvent, later), strict=True):
        assert other.time_s - shift_s == pytest.approx(one.time_s, abs=1e-6)
    for one, other in zip(of(GaitState, now), of(GaitState, later), strict=True):
        assert (other.time_s - shift_s, other.left.is_in_contact) == (one.time_s, one.left.is_in_contact)
        assert other.left.load_bw == pytest.approx(one.left.load_bw, abs=1e-9)


@pytest.mark.parametrize("rate_hz", [200.0, 1000.0])
def test_states_stand_on_the_control_grid(noisy, analyse, rate_hz):
    states = of(GaitState, analyse(noisy, AnalyserSettings(state_rate_hz=rate_hz)))
    expected_s = [number / rate_hz for number in range(1, round(7.0 * rate_hz) + 1)]
    assert [state.time_s for state in states[-len(expected_s) :]] == expected_s
    assert len(states) - len(expected_s) in (0, 1)  # at 0 s there is no sample yet
    for state in states:
        assert 0.0 <= state.time_s - state.newest_sample_s < 0.001
    assert states[-1].left_belt_speed_mps == 1.0


def test_a_state_knows_what_its_own_sample_told(walk, walker, analyse):
    results = analyse(walk(walker(duration_s=4.0)), AnalyserSettings(state_rate_hz=1000.0))
    states = {state.time_s: state for state in of(GaitState, results)}
    for event in of(GaitEvent, results):
        limb = getattr(states[event.detected_s], event.side.value)
        assert limb.is_in_contact == (event.kind is EventKind.INITIAL_CONTACT)
        assert results.index(event) < results.index(states[event.detected_s])


def test_large_batches_keep_events_in_order(walk, walker, analyse):
    walked = walk(walker(first_contact_s=(0.3, 0.9), stance_time_s=(0.63, 0.64), duration_s=10.0))
    large, small = analyse(walked, sizes=lambda side: drawn([90])), analyse(walked)
    assert texts(of(GaitEvent, large)) == texts(of(GaitEvent, small))
    assert texts(of(Stride, large)) == texts(of(Stride, small))
    assert texts(of(GaitState, large)) == texts(of(GaitState, small))
    assert [(side, kind) for _, side, kind in walked.truth] == [(each.side, each.kind) for each in of(GaitEvent, large)]


def test_a_drifting_plate_still_measures_load_from_zero(walk, walker, analyse):
    drifted, still = (of(Stride, analyse(walk(walker(drift_n=drift_n)), FAST))[-1] for drift_n in (20.0, 0.0))
    assert drifted.vertical_impulse_bws == pytest.approx(still.vertical_impulse_bws, rel=0.004)
    assert drifted.first_peak_load_bw == pytest.approx(still.first_peak_load_bw, rel=0.003)
    for state in of(GaitState, analyse(walk(walker(drift_n=20.0)))):
        if state.left.subphase is Subphase.MID_SWING:
            assert abs(state.left.load_bw) < 0.004


def test_states_agree_with_the_truth(walk, walker, analyse):
    walked = walk(walker(noise_n=5.0))
    states = [state for state in of(GaitState, analyse(walked)) if state.time_s > 6.0]
    contacts_s = walked.times(Side.LEFT, EventKind.INITIAL_CONTACT)
    wrong_count = 0
    for state in states:
        passed_s = state.time_s - contacts_s[contacts_s <= state.time_s][-1]
        if min(abs(passed_s - edge_s) for edge_s in (0.0, 0.75, 1.2)) < 0.012:
            continue
        assert state.left.is_phase_valid
        assert state.left.phase == pytest.approx(passed_s / 1.2, abs=0.01)
        assert state.left.phase_rate_hz == pytest.approx(1.0 / 1.2, abs=0.002)
        assert state.left.is_in_contact == (passed_s < 0.75)
        wrong_count += state.left.subphase is not _subphase(passed_s)
    assert wrong_count < 0.03 * len(states)  # near the borders between sub-phases


def _subphase(passed_s):
    borders = (0.15, 0.375, 0.6, 0.75, 0.9, 1.05, 1.2)
    return Subphase(1 + next(number for number, border_s in enumerate(borders) if passed_s < border_s))


def test_a_recording_gives_no_lengths(noisy, analyse):
    strides = of(Stride, analyse(noisy, FAST, input=Input.RECORDING))
    assert strides
    for stride in strides:
        assert math.isnan(stride.step_length_m) and math.isnan(stride.stride_length_m) and math.isnan(stride.speed_mps)
        assert stride.peak_load_bw > 1.0


def test_unknown_body_mass_gives_events_but_no_loads(noisy, analyse):
    results = analyse(noisy, participant=Participant(math.nan, None))
    assert len(of(GaitEvent, results)) == len(of(GaitEvent, analyse(noisy)))
    assert all(math.isnan(stride.peak_load_bw) for stride in of(Stride, results))
    assert all(math.isnan(state.left.load_bw) for state in of(GaitState, results))


def test_samples_before_the_start_and_foreign_streams_are_ignored(noisy, analyse):
    late = analyse(noisy, start_s=2.0)
    assert all(result.time_s >= 2.0 for result in of(GaitEvent, late) + of(GaitState, late))
    analyser = Analyser(AnalyserSettings(), Participant(75.0, None), Input.LIVE, 0.0)
    foreign = replace(noisy.plates[Side.LEFT], name="prosthesis")
    assert analyser.feed(foreign) == []
    nan = math.nan
    assert analyser.feed(ImuSample("pelvis", 1.0, (nan,) * 3, (nan,) * 3, (nan,) * 4)) == []


def test_a_start_long_before_the_first_sample_costs_nothing(walk, walker, analyse):
    walked = walk(walker(duration_s=2.0)).moved(2.0**30)
    states = of(GaitState, analyse(walked, start_s=0.0))
    assert 399 <= len(states) <= 401


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="force_streams"):
        AnalyserSettings(force_streams=["left_belt"])
    with pytest.raises(ValueError, match="deviations: no part 'limp'"):
        AnalyserSettings(deviations=["foot_drag", "limp"])
    with pytest.raises(ValueError, match="detector: no part 'crystal_ball'"):
        Analyser(AnalyserSettings(detector="crystal_ball"), Participant(75.0, None), Input.LIVE, 0.0)
