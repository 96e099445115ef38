# SPDX-License-Identifier: Apache-2.0
"""How true the events of one plate are: recordings with two plates summed into one, and the simulated walker."""

import numpy as np
import pytest

from gait_analysis.events import EventFlag, EventKind

CONTACT, FOOT_OFF = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF


@pytest.fixture(scope="module")
def one_plate(accuracy_script):
    return accuracy_script("one_plate")


@pytest.mark.parametrize(
    "name", ["grf_camargo_ab_treadmill_slow_and_normal_200hz", "grf_ceinms_s06_treadmill_4p5kmh_100hz"]
)
def test_recordings_on_one_plate_agree_with_their_two_plates(one_plate, data_folder, name):
    scores = one_plate.score([one_plate.recorded(name)], one_plate.RECORDINGS[name])
    for kind, least_f1, most_median_s in ((CONTACT, 0.97, 0.010), (FOOT_OFF, 0.95, 0.010)):
        assert scores[kind].f1 >= least_f1
        assert np.median(np.abs(scores[kind].error_s)) <= most_median_s
        assert np.percentile(np.abs(scores[kind].error_s), 95) <= 0.031
        assert np.percentile(scores[kind].delay_s, 95) <= 0.060


@pytest.mark.parametrize(("speed_mps", "rate_hz"), [(0.3, 100.0), (0.3, 1000.0), (0.8, 250.0), (1.8, 1000.0)])
def test_simulated_walks_are_found_within_10_ms(one_plate, speed_mps, rate_hz):
    walk = one_plate.simulated(speed_mps, rate_hz, seed=7, walk_s=30.0)
    for each in one_plate.score([walk], one_plate.BODY_MASS_KG).values():
        assert each.f1 >= 0.99
        assert np.median(np.abs(each.error_s)) <= 0.007
        assert np.percentile(np.abs(each.error_s), 95) <= 0.012
        assert np.percentile(each.delay_s, 95) <= 0.075
        assert each.flagged_count == 0


def test_an_asymmetric_walker_on_narrow_steps_is_found(one_plate):
    walk = one_plate.narrowed(one_plate.simulated(1.0, 200.0, seed=4, walk_s=30.0, **one_plate.LIMPING), 0.25)
    for each in one_plate.score([walk], one_plate.BODY_MASS_KG).values():
        assert each.f1 >= 0.97
        assert np.median(np.abs(each.error_s)) <= 0.007


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_crossing_steps_are_found_or_flagged_and_never_told_of_the_other_foot(one_plate, seed):
    samples, truth = one_plate.simulated(0.8, 200.0, seed=seed, walk_s=40.0, cross_step_share=0.1)
    events = one_plate.find(samples, one_plate.BODY_MASS_KG)
    doubtful = [event for event in events if EventFlag.IRREGULAR in event.flags]
    assert doubtful
    assert all(event.confidence < 1.0 and event.reason for event in doubtful)
    end_s = samples.time_s[-1] - 0.5
    for event in events:
        if event not in doubtful and event.time_s < end_s:
            assert np.min(np.abs(truth[event.kind, event.side] - event.time_s)) < 0.06
    assert len(events) >= 0.9 * sum(len(times_s) for times_s in truth.values())


@pytest.mark.parametrize("speed_mps", [0.4, 0.8, 1.6])
def test_stopping_and_starting_again_makes_up_no_steps_that_are_not_flagged(one_plate, speed_mps):
    def belt(time_s):
        """Speed up at 0.5 m/s2, slow down from 20 s on, and speed up again from 32 s on."""
        since_s = time_s if time_s < 32.0 else time_s - 32.0
        return max(0.0, min(speed_mps, 0.5 * since_s, speed_mps + 0.5 * (20.0 - since_s)))

    samples, truth = one_plate.simulated(speed_mps, 200.0, seed=2, walk_s=50.0, belt=belt)
    events = [event for event in one_plate.find(samples, one_plate.BODY_MASS_KG) if event.time_s < 49.0]
    clear = [event for event in events if not event.flags]
    assert all(np.min(np.abs(truth[event.kind, event.side] - event.time_s)) < 0.02 for event in clear)
    assert len(events) - len(clear) <= 2
    assert len(clear) >= sum(int(np.sum(times_s < 49.0)) for times_s in truth.values()) - 4
