# SPDX-License-Identifier: Apache-2.0
"""What a law is told, and when it is asked."""

import math
from dataclasses import replace

import pytest

from gait_analysis.gait import Asymmetry, GaitState, LimbState, Subphase
from gait_analysis.participant import Participant
from gait_feedback.belt_guard import GuardedLaw, GuardSettings, Wish
from gait_feedback.driving import Driving
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltSample, Side

START_S = 1.8e9
WALKER = Participant(80.0, Side.LEFT)
REST = BeltSample(START_S + 1.0, 0.0, 0.0, 0.0)


class Listener(GuardedLaw):
    """A law that writes down what it is told."""

    SOURCE = "listener"
    OBSERVES = (Participant, BeltSample)

    def __init__(self):
        super().__init__(GuardSettings())
        self.told = []

    def observe(self, observation):
        self.told.append(observation)

    def wish(self, now_s, belt, gait):
        return Wish.both(1.0)


def gait_at(time_s):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "") for side in Side]
    return GaitState(time_s, math.nan, *limbs, math.nan, math.nan)


def test_a_law_is_told_who_walks_then_what_it_observes_and_no_more():
    law = Listener()
    driving = Driving(law, WALKER, START_S)
    driving.observe(REST)
    driving.observe(Asymmetry(START_S, Side.LEFT))
    assert law.told == [WALKER, REST]


@pytest.mark.parametrize(
    ("belt", "is_armed", "gait"),
    [
        (None, True, gait_at(START_S + 1.0)),
        (REST, False, gait_at(START_S + 1.0)),
        (REST, True, None),
        (REST, True, gait_at(START_S - 0.1)),
    ],
)
def test_until_everything_is_ready_nothing_is_asked_for(belt, is_armed, gait):
    assert Driving(Listener(), WALKER, START_S).request(START_S + 1.0, belt, is_armed, gait) is None


def test_then_the_law_is_asked_and_its_reason_told():
    driving = Driving(Listener(), WALKER, START_S)
    for number in range(3):
        now_s = START_S + 1.0 + 0.05 * number
        request = driving.request(now_s, replace(REST, time_s=now_s), True, gait_at(now_s))
    assert request.left_speed_mps > 0.0 and driving.reason == ""
    request = driving.request(now_s + 0.05, replace(REST, time_s=now_s + 0.05), True, gait_at(now_s - 1.0))
    assert driving.reason == "no gait state within 0.15 s"
    assert request == BeltRequest(0.0, 0.0, 0.25, "listener", problem=driving.reason)
    assert driving.stop_request() == BeltRequest(0.0, 0.0, 0.25, "listener")
