# SPDX-License-Identifier: Apache-2.0
"""The ramp to a target speed, alone and behind the gate."""

import math
from dataclasses import replace

import pytest

from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.belts.ramp_to_speed import Law, Settings
from gait_sensing.belt_gate.gate import ArmRequest, BeltGate, GateSettings, LinkUp, OperatorAlive, Tick
from gait_sensing.samples import BeltReading, BeltSample, Side
from gait_sensing.treadmills import bertec_classic

NOW_S = 1_700_000_000.0
BELT = BeltSample(NOW_S, 0.0, 0.0, 0.0)


def limb(side):
    return LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "no strides yet")


GAIT = GaitState(NOW_S, NOW_S, limb(Side.LEFT), limb(Side.RIGHT), math.nan, math.nan)


def test_at_rest_without_a_valid_phase_it_asks_for_the_target():
    request = Law(Settings(target_speed_mps=0.9, acceleration_mps2=0.2)).feed(NOW_S, BELT, GAIT)
    assert request is not None
    assert (request.left_speed_mps, request.right_speed_mps, request.acceleration_mps2) == (0.9, 0.9, 0.2)
    assert request.source


@pytest.mark.parametrize("age_s", [0.21, 5.0, -0.21, -3600.0, math.nan])
@pytest.mark.parametrize("which", ["belt", "gait", "both"])
def test_on_old_data_it_asks_for_nothing(age_s, which):
    belt = replace(BELT, time_s=NOW_S - age_s) if which in ("belt", "both") else BELT
    gait = GAIT._replace(time_s=NOW_S - age_s) if which in ("gait", "both") else GAIT
    assert Law(Settings()).feed(NOW_S, belt, gait) is None


def test_without_data_it_asks_for_nothing():
    law = Law(Settings())
    assert law.feed(NOW_S, None, GAIT) is None and law.feed(NOW_S, BELT, None) is None


def test_when_plates_fall_silent_it_asks_for_nothing():
    """Motion sensors go on telling states, without a load."""
    law, loaded = Law(Settings()), GAIT._replace(left=limb(Side.LEFT)._replace(load_bw=0.6))
    assert law.feed(NOW_S, BELT, GAIT) is not None  # of a lab without plates
    moving = replace(BELT, left_speed_mps=0.5, right_speed_mps=0.5)
    assert law.feed(NOW_S, moving, loaded) is not None
    assert law.feed(NOW_S, moving, GAIT) is None
    assert law.feed(NOW_S, moving, GAIT) is None
    assert law.feed(NOW_S, BELT, GAIT) is not None  # at rest, where only an operator's arming lets them move


def test_the_request_for_rest_is_for_rest():
    request = Law(Settings(acceleration_mps2=0.3)).stop_request()
    assert (request.left_speed_mps, request.right_speed_mps, request.acceleration_mps2) == (0.0, 0.0, 0.3)


def test_behind_the_gate_the_belts_reach_the_target_and_rest_when_gait_states_cease():
    law, gate = Law(Settings()), BeltGate(GateSettings())
    driver, treadmill = (part(bertec_classic.Settings()) for part in (bertec_classic.Driver, bertec_classic.Emulator))
    gate.feed(NOW_S, LinkUp())
    speeds_mps, speed_before_mps = [], 0.0
    for tick in range(300):
        now_s = NOW_S + 0.05 * tick
        belts = treadmill.advance(0.05)
        gait = GAIT._replace(time_s=min(now_s, NOW_S + 10.0))  # the analysis dies after 10 s
        belt = BeltSample(now_s, belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)
        things = [BeltReading(belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad), OperatorAlive()]
        if tick == 20:
            things.append(ArmRequest("Ann"))
        elif tick > 20:
            things.append(law.feed(now_s, belt, gait))
        for thing in (*things, Tick()):
            setpoint = gate.feed(now_s, thing) if thing else None
            if setpoint is not None:
                treadmill.feed(driver.command(setpoint))
        if now_s > NOW_S + 10.0 + 0.2 + 0.25:
            assert belts.left_speed_mps <= speed_before_mps, "no acceleration on old data"
        speed_before_mps = belts.left_speed_mps
        speeds_mps.append(belts.left_speed_mps)
    assert max(speeds_mps) == pytest.approx(1.1) and speeds_mps[-1] == 0.0
    assert not gate.is_armed
