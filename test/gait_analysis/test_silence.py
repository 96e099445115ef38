# SPDX-License-Identifier: Apache-2.0
"""When every sensor has fallen silent it is told why, in a state that nobody can take for a fresh one."""

import math
from dataclasses import replace

import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.gait import GaitState, Subphase
from gait_analysis.participant import Input, Participant
from gait_analysis.state_grid import SILENT_S
from gait_feedback.belts.ramp_to_speed import Law, Settings
from gait_sensing.samples import BeltSample, Side

SETTINGS = AnalyserSettings(state_rate_hz=100.0)
LONGEST_STALE_S = 0.5  # that a belt law may be set to


@pytest.fixture
def walked(walker, walk, analyse):
    """An analyser that has heard 6 s of a walk, and the newest state that it told."""
    told = []

    def heard(analyser_settings=SETTINGS, asked=False):
        walked = walk(walker(duration_s=6.0))
        analyser = Analyser(analyser_settings, Participant(75.0, None), Input.SIMULATED, 0.0)
        for rows in range(0, 6000, 20):
            for plate in walked.plates.values():
                columns = ("time_s", "force_n", "moment_nm", "centre_of_pressure_m")
                part = {name: getattr(plate, name)[rows : rows + 20] for name in columns}
                told.extend(analyser.feed(replace(plate, first_sample_count=rows, **part)))
                if asked:
                    analyser.silence(0.001 * rows)
        return analyser, told

    return heard


def test_silence_has_a_reason_and_nothing_else(walked):
    analyser, told = walked()
    last = [result for result in told if isinstance(result, GaitState)][-1]
    assert last.left.is_in_contact is not None and last.time_s > 5.9
    for silent_s in (SILENT_S, 60.0):
        state = analyser.silence(silent_s)
        assert (state.time_s, state.newest_sample_s) == (last.time_s, last.newest_sample_s)
        for side, limb in zip(Side, (state.left, state.right), strict=True):
            assert (limb.side, limb.is_in_contact, limb.subphase) == (side, None, Subphase.UNKNOWN)
            assert limb.reason == f"nothing from {side.value}_belt any more"
            assert not limb.is_phase_valid and math.isnan(limb.phase_rate_hz) and math.isnan(limb.load_bw)
        assert math.isnan(state.left_belt_speed_mps) and math.isnan(state.right_belt_speed_mps)


def test_sensors_that_never_sent_anything_are_told_too():
    state = Analyser(SETTINGS, Participant(75.0, None), Input.LIVE, 100.0).silence(3.0)
    assert state.time_s == state.newest_sample_s == 100.0
    assert state.left.reason == "no sensor of the left foot has sent anything"
    assert state.right.reason == "no sensor of the right foot has sent anything"
    none = replace(SETTINGS, state_rate_hz=0.0)
    assert Analyser(none, Participant(75.0, None), Input.LIVE, 100.0).silence(3.0) is None


def test_to_ask_changes_nothing(walked):
    _, told = walked()
    count = len(told)
    _, both = walked(asked=True)
    assert count > 500 and repr(both[:count]) == repr(both[count:])


def test_no_belt_law_acts_on_it(walked):
    analyser, told = walked()
    last = [result for result in told if isinstance(result, GaitState)][-1]
    law = Law(Settings(stale_s=LONGEST_STALE_S))
    now_s = last.time_s + 0.02
    assert law.feed(now_s, BeltSample(now_s, 1.0, 1.0, 0.0), last).left_speed_mps > 0.9
    state, now_s = analyser.silence(SILENT_S), now_s + SILENT_S
    for later_s in (0.0, 0.1, 0.4):  # whenever it comes, and however long it is kept
        request = law.feed(now_s + later_s, BeltSample(now_s + later_s, 1.0, 1.0, 0.0), state)
        assert (request.left_speed_mps, request.right_speed_mps) == (0.0, 0.0)
        assert law.reason == "no gait state within 0.5 s"
    fresh = Law(Settings(stale_s=LONGEST_STALE_S))
    assert fresh.feed(now_s, BeltSample(now_s, 0.0, 0.0, 0.0), state) is None
    with pytest.raises(ValueError, match="stale_s"):
        Settings(stale_s=LONGEST_STALE_S + 0.01)
