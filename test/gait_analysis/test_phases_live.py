# SPDX-License-Identifier: Apache-2.0
"""Phase estimators inside the analysis: the pitch of IMUs reaches them, whenever its samples arrive."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.cycle.limb_phase import LimbPhase
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import GaitState
from gait_analysis.parts import PhaseEstimate
from gait_sensing.samples import ImuSample, Side

NO_ORIENTATION = (math.nan,) * 4
TURN_RADPS = 2.0 * math.pi / 1.2  # the walker's strides take 1.2 s
FOLLOWING = ["adaptive_oscillator", "extended_kalman_filter", "phase_variable"]


def imu(segment, time_s, pitch_rad, rate_radps, has_orientation=True):
    orientation = (0.0, math.sin(0.5 * pitch_rad), 0.0, math.cos(0.5 * pitch_rad))
    acceleration_mps2 = (-9.81 * math.sin(pitch_rad), 0.0, 9.81 * math.cos(pitch_rad))
    return ImuSample(
        segment,
        time_s,
        acceleration_mps2,
        (0.0, rate_radps, 0.0),
        orientation if has_orientation else NO_ORIENTATION,
    )


def with_thighs(walk, first_contact_s):
    samples = []
    for side, contact_s in zip(Side, first_contact_s, strict=True):
        for time_s in np.arange(0.0, 20.0, 0.01).tolist():
            angle = TURN_RADPS * (time_s - contact_s)
            pitch = -0.35 * math.cos(angle), 0.35 * TURN_RADPS * math.sin(angle)
            samples.append(imu(f"{side.value}_thigh", time_s, *pitch))
    return replace(walk, belts=[*walk.belts, *samples])  # what arrives beside the plates


@pytest.mark.parametrize("name", FOLLOWING)
def test_phase_follows_the_thigh_whenever_its_samples_arrive(walker, walk, analyse, name):
    who = walker()
    walked, settings = with_thighs(walk(who), who.first_contact_s), AnalyserSettings(phase=name, state_rate_hz=100.0)
    states = {
        lag_s: [
            each
            for each in analyse(walked, settings, lag_s=lambda stream, lag_s=lag_s: lag_s * (stream == "belt"))
            if isinstance(each, GaitState)
        ]
        for lag_s in (0.0, 0.03)
    }
    assert repr(states[0.0]) == repr(states[0.03])
    settled = [each for each in states[0.0] if each.time_s > 8.0]
    assert len(settled) > 1000
    for state in settled:
        for limb, contact_s in zip((state.left, state.right), who.first_contact_s, strict=True):
            apart = abs(limb.phase - (state.time_s - contact_s) / 1.2 % 1.0)
            assert limb.is_phase_valid and min(apart, 1.0 - apart) < 0.03


@pytest.mark.parametrize("name", FOLLOWING)
def test_without_the_imu_phase_is_not_valid_and_says_what_is_missing(walker, walk, analyse, name):
    states = [each for each in analyse(walk(walker()), AnalyserSettings(phase=name)) if isinstance(each, GaitState)]
    assert not any(state.left.is_phase_valid for state in states)
    assert "pitch of the thigh" in states[-1].left.reason


class Recorder:
    """Keeps what it is fed."""

    segment = "shank"

    def __init__(self):
        self.fed = []

    def feed(self, event):
        self.fed.append(event)

    def feed_signal(self, time_s, angle_rad, rate_radps):
        self.fed.append((time_s, angle_rad))

    def at(self, time_s):
        return PhaseEstimate.invalid("it only records")


def test_samples_are_used_when_they_have_settled_and_in_order_with_events():
    recorder = Recorder()
    phase = LimbPhase(recorder, Side.RIGHT, 0.05)
    for number in range(10):
        phase.turn(imu(phase.segment, 0.02 * number, 0.1, 0.0))
    phase.turn(imu(phase.segment, 0.1, 0.5, 0.0))  # not newer than the last
    event = GaitEvent(0.09, 0.101, Side.RIGHT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)
    phase.feed(event)
    assert phase.segment == "right_shank"
    assert recorder.fed == [(0.0, pytest.approx(0.1)), (0.02, pytest.approx(0.1)), (0.04, pytest.approx(0.1)), event]
    phase.at(0.16)
    assert [each[0] for each in recorder.fed[4:]] == pytest.approx([0.06, 0.08, 0.1])


@pytest.mark.parametrize("pitch_rad", [-0.4, 0.0, 0.7])
@pytest.mark.parametrize("has_orientation", [True, False])
def test_pitch_is_positive_with_the_upper_end_forward(pitch_rad, has_orientation):
    recorder = Recorder()
    phase = LimbPhase(recorder, Side.LEFT, 0.0)
    phase.turn(imu(phase.segment, 1.0, pitch_rad, 0.0, has_orientation))
    phase.at(1.0)
    assert recorder.fed == [(1.0, pytest.approx(pitch_rad))]


def test_without_orientation_pitch_is_the_turning_held_slowly_to_gravity():
    recorder = Recorder()
    phase = LimbPhase(recorder, Side.LEFT, 0.0)
    for number in range(2001):
        time_s = 0.01 * number
        sample = imu(phase.segment, time_s, 0.3 * math.sin(5.0 * time_s), 1.5 * math.cos(5.0 * time_s) + 0.02, False)
        phase.turn(replace(sample, acceleration_mps2=(sample.acceleration_mps2[0] + 2.0, 0.0, 9.81)))
    phase.at(20.0)
    time_s, pitch_rad = np.array(recorder.fed).T
    settled = time_s > 10.0
    error_rad = pitch_rad[settled] - 0.3 * np.sin(5.0 * time_s[settled])
    assert np.std(error_rad) < 0.03 and np.abs(np.mean(error_rad)) < 0.3
