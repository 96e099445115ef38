# SPDX-License-Identifier: Apache-2.0
"""The ramp to a target speed, alone and behind the gate."""

import math

import pytest

from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.belts.ramp_to_speed import Law, Settings
from gait_sensing.belt_gate.gate import ArmRequest, BeltGate, GateSettings, LinkUp, OperatorAlive, Tick
from gait_sensing.samples import BeltReading, BeltSample, Side
from gait_sensing.treadmills import bertec_classic

NOW_S, PERIOD_S = 1_700_000_000.0, 0.05


def gait_at(time_s):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "no strides yet") for side in Side]
    return GaitState(time_s, time_s, *limbs, math.nan, math.nan)


def test_from_rest_without_a_valid_phase_both_belts_reach_the_target_at_the_acceleration():
    law, speeds_mps = Law(Settings(target_speed_mps=0.9, acceleration_mps2=0.2)), []
    for number in range(140):
        now_s = NOW_S + PERIOD_S * number
        belt_mps = speeds_mps[-1] if speeds_mps else 0.0
        request = law.feed(now_s, BeltSample(now_s, belt_mps, belt_mps, 0.0), gait_at(now_s))
        assert request.left_speed_mps == request.right_speed_mps and request.source == "ramp_to_speed"
        speeds_mps.append(request.left_speed_mps)
    assert speeds_mps[-1] == pytest.approx(0.9)
    arrived_s = PERIOD_S * next(number for number, speed in enumerate(speeds_mps) if speed > 0.899)
    assert arrived_s == pytest.approx(0.9 / 0.2, abs=0.3)


def test_a_target_beyond_the_limit_is_refused():
    with pytest.raises(ValueError, match=r"target_speed_mps: got 1\.6, allowed up to max_speed_mps 1\.5"):
        Settings(target_speed_mps=1.6)
    assert Settings(target_speed_mps=1.6, max_speed_mps=1.8)


def test_behind_the_gate_the_belts_reach_the_target_and_rest_when_gait_states_cease():
    law, gate = Law(Settings()), BeltGate(GateSettings())
    driver, treadmill = (part(bertec_classic.Settings()) for part in (bertec_classic.Driver, bertec_classic.Emulator))
    gate.feed(NOW_S, LinkUp())
    speeds_mps, speed_before_mps = [], 0.0
    for tick in range(300):
        now_s = NOW_S + PERIOD_S * tick
        belts = treadmill.advance(PERIOD_S)
        belt = BeltSample(now_s, belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)
        things = [BeltReading(belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad), OperatorAlive()]
        if tick == 20:
            things.append(ArmRequest("Ann"))
        elif tick > 20:
            things.append(law.feed(now_s, belt, gait_at(min(now_s, NOW_S + 10.0))))  # the analysis dies after 10 s
        for thing in (*things, Tick()):
            setpoint = gate.feed(now_s, thing) if thing else None
            if setpoint is not None:
                treadmill.feed(driver.command(setpoint))
        if now_s > NOW_S + 10.0 + 0.25:
            assert belts.left_speed_mps <= speed_before_mps, "no acceleration on old data"
        speed_before_mps = belts.left_speed_mps
        speeds_mps.append(belts.left_speed_mps)
    assert max(speeds_mps) == pytest.approx(1.1, abs=0.01) and speeds_mps[-1] == 0.0
    assert not gate.is_armed
