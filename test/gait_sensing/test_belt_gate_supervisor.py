# SPDX-License-Identifier: Apache-2.0
"""What the supervisor finds, what the gate makes of it over the real bytes of the emulated Bertec, and the latches."""

import math

import pytest

from gait_sensing.belt_gate.gate import BeltGate
from gait_sensing.belt_gate.limits import GateSettings
from gait_sensing.belt_gate.states import (
    LEVELS,
    TICK_S,
    ArmRequest,
    BeltRequest,
    HarnessLoad,
    Level,
    LinkUp,
    Misstep,
    OperatorAlive,
    PlateLoad,
    Reason,
    State,
    StopInput,
    StopRequest,
    Tick,
    Walker,
)
from gait_sensing.belt_gate.supervisor import SupervisorSettings
from gait_sensing.samples import BeltReading, TreadmillReport
from gait_sensing.treadmills import bertec_classic

WEIGHT_N = 700.0
WATCH = SupervisorSettings()


class Lab:
    """A gate with plates, harness and stop switch, each of which may be there or not; someone walks in place."""

    def __init__(self, settings: SupervisorSettings = WATCH) -> None:
        self.now_s = 1_700_000_000.0
        self.gate = BeltGate(GateSettings(), supervisor=settings)
        self.driver = bertec_classic.Driver(bertec_classic.Settings())
        self.treadmill = bertec_classic.Emulator(bertec_classic.Settings())
        self.told_mps: list[float] = []
        self.request: BeltRequest | None = None
        self.plates = {"left_belt": (350.0, 0.1), "right_belt": (350.0, -0.1)}
        self.harness_n: float | None = 20.0
        self.switch: bool | None = True
        self.has_operator = True
        self.age_s = 0.0  # of samples
        self.feed(LinkUp())
        self.feed(Walker(WEIGHT_N, is_on_belts=True))

    def feed(self, thing: object) -> None:
        setpoint = self.gate.feed(self.now_s, thing)
        if setpoint is not None:
            self.treadmill.feed(self.driver.command(setpoint))
            self.told_mps.append(setpoint.left_speed_mps)
            self.deceleration_mps2 = setpoint.acceleration_mps2

    def tick(self) -> None:
        self.now_s += TICK_S
        for reading in self.driver.feed(self.treadmill.encode(self.treadmill.advance(TICK_S))):
            self.feed(reading)
        for name, (load_n, ahead_m) in self.plates.items():
            self.feed(PlateLoad(name, load_n, ahead_m, self.age_s))
        if self.harness_n is not None:
            self.feed(HarnessLoad(self.harness_n, self.age_s))
        if self.switch is not None:
            self.feed(StopInput(self.switch))
        if self.has_operator:
            self.feed(OperatorAlive())
        if self.request is not None:
            self.feed(self.request)
        self.feed(Tick())

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / TICK_S)):
            self.tick()

    def arm(self) -> None:
        self.feed(ArmRequest("Ann"))

    def rest(self) -> None:
        self.request = None
        self.run(4.0)
        assert self.treadmill.advance(0.0).left_speed_mps == 0.0

    @property
    def told(self) -> tuple[State, Level, Reason]:
        safety = self.gate.safety
        return safety.state, safety.level, safety.reason

    @property
    def text(self) -> str:
        return self.gate.safety.text


def walking(settings: SupervisorSettings = WATCH, **without: None) -> Lab:
    lab = Lab(settings)
    for name, value in without.items():
        setattr(lab, name, value)
    lab.run(0.2)
    lab.arm()
    lab.request = BeltRequest(1.0, 1.0, 0.6, "law")
    lab.run(2.5)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE), lab.text
    return lab


def place(lab: Lab, ahead_m: float) -> None:
    lab.plates = {"left_belt": (0.0, math.nan), "right_belt": (WEIGHT_N, ahead_m)}


def unload(lab: Lab) -> None:
    lab.plates = {name: (5.0, math.nan) for name in lab.plates}


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_walker_near_the_edge_is_a_warning_and_beyond_it_a_ramp_down(side):
    lab = walking()
    place(lab, side * 0.65)
    lab.run(0.2)
    assert lab.told == (State.RUNNING, Level.WARN, Reason.WALKER_AT_EDGE)
    place(lab, 0.0)
    lab.run(1.0)
    assert lab.told == (State.RUNNING, Level.WARN, Reason.WALKER_AT_EDGE), "until an operator arms again"
    lab.arm()
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)
    place(lab, side * 0.8)
    lab.run(0.1)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.WALKER_AT_EDGE)
    assert f"{side * 0.8:.2f}" in lab.text
    lab.rest()
    assert lab.gate.safety.reason is Reason.WALKER_AT_EDGE
    lab.arm()
    assert not lab.gate.is_armed and "arming refused: the feet press at" in lab.text
    place(lab, 0.0)
    lab.run(0.1)
    lab.arm()
    assert lab.gate.is_armed


def test_one_bad_sample_stops_nothing():
    lab = walking()
    place(lab, 2.0)
    lab.harness_n = 5000.0
    lab.tick()
    place(lab, 0.0)
    lab.harness_n = 20.0
    lab.run(1.0)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)


def test_the_place_of_a_light_touch_does_not_count():
    lab = walking()
    lab.plates = {"left_belt": (0.1 * WEIGHT_N, -1.2), "right_belt": (0.0, math.nan)}
    lab.run(0.4)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)


def test_a_walker_who_is_gone_stops_the_belts():
    lab = walking()
    unload(lab)
    lab.run(WATCH.gone_s + 3 * TICK_S)
    assert lab.told == (State.STOPPING, Level.STOP, Reason.WALKER_GONE)
    lab.rest()
    lab.arm()
    assert not lab.gate.is_armed and "nobody was on the plates" in lab.text
    place(lab, 0.0)
    lab.tick()
    lab.arm()
    assert lab.gate.is_armed


def test_a_flight_phase_or_a_stumble_is_not_gone():
    lab = walking()
    for _ in range(5):
        loads = lab.plates
        unload(lab)
        lab.run(WATCH.gone_s - TICK_S)
        lab.plates = loads
        lab.run(0.1)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)


def test_belts_that_nobody_stepped_on_since_the_arming_run():
    """Plates are calibrated on empty belts that run."""
    lab = Lab()
    unload(lab)
    lab.run(0.2)
    lab.arm()
    lab.request = BeltRequest(1.0, 1.0, 0.6, "law")
    lab.run(4.0)
    assert lab.gate.safety.state is State.RUNNING


def test_who_steps_off_before_the_belts_move_is_not_missed():
    lab = Lab()
    lab.run(0.2)
    lab.arm()
    lab.run(0.2)
    unload(lab)
    lab.run(2.0)
    lab.request = BeltRequest(1.0, 1.0, 0.6, "law")
    lab.run(2.0)
    assert lab.gate.safety.state is State.RUNNING


@pytest.mark.parametrize(
    ("is_cross_step", "reason", "most"),
    [(False, Reason.STUMBLE, WATCH.stumble_count), (True, Reason.CROSS_STEPS, WATCH.cross_step_count)],
)
def test_repeated_missteps_ramp_down_and_half_of_them_warn(is_cross_step, reason, most):
    lab = walking()
    for number in range(1, most + 1):
        assert lab.gate.safety.state is State.RUNNING
        lab.feed(Misstep(is_cross_step))
        lab.run(0.5)
        assert (lab.gate.safety.level is Level.OK) == (number < 0.5 * most)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, reason)
    lab.rest()
    lab.arm()
    assert lab.gate.is_armed, "what happened is over, unlike a place or a load"


def test_missteps_further_apart_than_the_window_are_not_added_up():
    lab = walking()
    for _ in range(10):
        lab.feed(Misstep(is_cross_step=False))
        lab.run(0.6 * WATCH.misstep_window_s)
    assert lab.told == (State.RUNNING, Level.WARN, Reason.STUMBLE)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_load_on_the_harness_stops(sign):
    lab = walking()
    lab.harness_n = sign * 0.6 * WEIGHT_N
    lab.run(0.1)
    assert lab.told == (State.STOPPING, Level.STOP, Reason.HARNESS_LOAD)
    lab.rest()
    lab.arm()
    assert not lab.gate.is_armed and "arming refused: the harness bears 0.60" in lab.text


@pytest.mark.parametrize(("switch", "words"), [(False, "pressed"), (None, "not heard")])
def test_a_stop_switch_that_is_pressed_or_falls_silent_stops(switch, words):
    lab = walking()
    lab.switch = switch
    lab.run(WATCH.stop_input_stale_s + TICK_S)
    assert lab.told == (State.STOPPING, Level.STOP, Reason.STOP_INPUT) and words in lab.text
    lab.rest()
    lab.arm()
    assert not lab.gate.is_armed and f"arming refused: the stop switch {'is' if switch is False else 'was'}" in lab.text


def test_a_stop_switch_that_is_required_must_be_heard_before_arming():
    lab = Lab(SupervisorSettings(requires_stop_input=True))
    lab.switch = None
    lab.run(0.2)
    lab.arm()
    assert not lab.gate.is_armed and "no stop switch is heard" in lab.text
    lab.switch = True
    lab.tick()
    lab.arm()
    assert lab.gate.is_armed


def test_silent_plates_ramp_down_and_one_of_two_is_a_warning():
    lab = walking()
    del lab.plates["left_belt"]
    lab.run(0.25)
    assert lab.told == (State.RUNNING, Level.WARN, Reason.SENSOR_SILENT)
    assert "no samples of left_belt" in lab.text
    lab.arm()
    lab.run(0.1)
    assert lab.told == (State.RUNNING, Level.WARN, Reason.SENSOR_SILENT), "it still is"
    lab.plates.clear()
    lab.run(0.25)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.SENSOR_SILENT)
    assert "no samples of left_belt, right_belt" in lab.text
    lab.rest()
    lab.arm()
    assert not lab.gate.is_armed and "arming refused: no samples of" in lab.text


def test_a_silent_harness_ramps_down():
    lab = walking()
    lab.harness_n = None
    lab.run(0.25)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.SENSOR_SILENT) and "harness" in lab.text


def test_what_nobody_can_tell_is_named():
    lab = walking(harness_n=None, switch=None)
    assert lab.text.endswith("not watched: harness, stop switch")
    lab.feed(Walker(math.nan, is_on_belts=True))
    assert lab.text.endswith("not watched: presence, harness, stop switch")
    bare = walking(harness_n=None, switch=None, plates={})
    assert bare.text.endswith("not watched: place, presence, missteps, harness, stop switch")
    assert "not watched" not in walking().text


def test_plates_that_never_tell_a_place_do_not_watch_it():
    lab = walking()
    lab.plates = {"left_belt": (350.0, math.nan), "right_belt": (350.0, math.nan)}
    lab.run(2.5)
    assert lab.text.endswith("not watched: place")


def test_plates_of_the_wrong_sign_do_not_tell_that_somebody_is_there():
    lab = Lab()
    lab.plates = {"left_belt": (-350.0, 0.9), "right_belt": (-350.0, 0.9)}
    lab.run(0.2)
    lab.arm()
    lab.request = BeltRequest(1.0, 1.0, 0.6, "law")
    lab.run(2.5)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)
    assert lab.text.endswith("not watched: place, presence")


def test_events_out_of_sequence_while_a_plate_goes_and_comes_are_no_missteps():
    lab = walking()
    left = lab.plates.pop("left_belt")
    for _ in range(3):
        lab.run(0.5)
        lab.feed(Misstep(is_cross_step=False))
    lab.plates["left_belt"] = left
    lab.run(0.5)
    for _ in range(3):
        lab.feed(Misstep(is_cross_step=False))
    assert lab.told == (State.RUNNING, Level.WARN, Reason.SENSOR_SILENT)
    lab.run(2.0)
    for _ in range(3):
        lab.feed(Misstep(is_cross_step=False))
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.STUMBLE)


@pytest.mark.parametrize("age_s", [3600.0, -3600.0, 0.21, math.nan])
def test_samples_that_are_not_of_now_watch_nobody(age_s):
    """Nor does a recording that is played into the lab."""
    lab = walking()
    lab.age_s = age_s
    lab.run(WATCH.sensor_stale_s + 2 * TICK_S)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.SENSOR_SILENT)


@pytest.mark.parametrize("silent", [{"plates": {}}, {"harness_n": None}], ids=["plates", "harness"])
def test_silence_counts_from_the_stamp_of_the_last_sample(silent):
    lab = walking()
    lab.age_s = 0.15
    lab.tick()
    lab.age_s = 0.0
    for name, value in silent.items():
        setattr(lab, name, value)
    lab.run(0.1)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.SENSOR_SILENT)


SPOILS = {
    "pressed": (lambda lab: setattr(lab, "switch", False), Reason.STOP_INPUT),
    "switch silent": (lambda lab: setattr(lab, "switch", None), Reason.STOP_INPUT),
    "reported": (lambda lab: lab.feed(TreadmillReport("why", is_stop=True)), Reason.STOP_INPUT),
    "hanging": (lambda lab: setattr(lab, "harness_n", WEIGHT_N), Reason.HARNESS_LOAD),
    "gone": (unload, Reason.WALKER_GONE),
    "plates silent": (lambda lab: lab.plates.clear(), Reason.SENSOR_SILENT),
    "at the edge": (lambda lab: place(lab, 0.8), Reason.WALKER_AT_EDGE),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILS.values(), ids=SPOILS)
def test_what_happens_while_the_belts_come_to_rest_as_commanded_counts(spoil, reason):
    lab = walking()
    lab.request = BeltRequest(0.0, 0.0, 0.1, "law")
    lab.run(0.2)
    assert lab.told == (State.STOPPING, Level.OK, Reason.NONE)
    spoil(lab)
    lab.run(0.8)
    assert lab.told == (State.STOPPING, LEVELS[reason], reason)
    assert lab.deceleration_mps2 == (1.0 if LEVELS[reason] is Level.STOP else 0.6)


def test_a_pressed_switch_hastens_a_ramp_down():
    lab = walking()
    lab.has_operator = False
    lab.run(0.3)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.OPERATOR_LOST)
    lab.switch = False
    lab.tick()
    assert lab.told == (State.STOPPING, Level.STOP, Reason.STOP_INPUT) and lab.deceleration_mps2 == 1.0


def test_a_nudge_of_the_belts_does_not_forget_that_the_walker_is_gone():
    lab = walking()
    unload(lab)
    lab.run(1.0)
    lab.rest()
    lab.feed(BeltReading(0.03, 0.03, 0.0))
    lab.run(1.0)
    assert lab.told == (State.DISARMED, Level.STOP, Reason.WALKER_GONE)
    lab.arm()
    assert not lab.gate.is_armed and "arming refused: nobody was on the plates" in lab.text


@pytest.mark.parametrize("weight_n", [math.nan, 0.0, -700.0, math.inf])
def test_a_load_without_a_known_weight_stops_nothing(weight_n):
    lab = walking()
    lab.feed(Walker(weight_n, is_on_belts=True))
    unload(lab)
    lab.harness_n = 5000.0
    lab.run(2.0)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)


def test_a_recorded_person_is_not_watched():
    lab = Lab()
    lab.feed(Walker(WEIGHT_N, is_on_belts=False))
    place(lab, 3.0)
    lab.harness_n = 5000.0
    lab.run(0.2)
    lab.arm()
    lab.request = BeltRequest(1.0, 1.0, 0.6, "law")
    for _ in range(20):
        lab.feed(Misstep(is_cross_step=False))
        lab.run(0.1)
    unload(lab)
    lab.run(2.0)
    lab.plates.clear()  # the recording is over
    lab.run(1.0)
    assert lab.told == (State.RUNNING, Level.OK, Reason.NONE)
    assert lab.text.endswith("not watched: place, presence, missteps, harness")


@pytest.mark.parametrize(
    ("is_stop", "told"),
    [
        (False, (State.STOPPING, Level.RAMP_DOWN, Reason.DRIVER_FAULT)),
        (True, (State.STOPPING, Level.STOP, Reason.STOP_INPUT)),
    ],
)
def test_what_the_treadmill_reports_brings_it_to_rest(is_stop, told):
    lab = walking()
    lab.feed(TreadmillReport("why", is_stop))
    assert lab.told == told and "the treadmill: why" in lab.text and lab.told_mps[-1] == 0.0


def test_a_report_while_nothing_is_armed_changes_nothing():
    lab = Lab()
    lab.feed(TreadmillReport("why", is_stop=False))
    assert lab.told == (State.DISARMED, Level.RAMP_DOWN, Reason.NOT_ARMED)


def test_a_status_stream_that_makes_no_sense_is_a_fault():
    driver = bertec_classic.Driver(bertec_classic.Settings())
    driver.feed(b"\x01" + bytes(31))
    (report,) = driver.reports()
    assert not report.is_stop and driver.reports() == []


def test_warnings_add_up_and_the_newest_is_the_reason():
    lab = walking()
    lab.request = BeltRequest(1.0, 1.0, 9.0, "law")
    lab.tick()
    lab.feed(BeltRequest(1.0, 1.0, 0.5, "intruder"))
    assert lab.gate.safety.reason is Reason.SECOND_SOURCE
    assert "9.000 m/s2" in lab.text and "intruder" in lab.text and "until an operator arms again" in lab.text


@pytest.mark.parametrize("age_s", [0.25, 3600.0, -0.25, math.nan])
def test_a_command_that_is_old_by_its_stamp_is_refused_though_it_comes_now(age_s):
    lab = walking()
    lab.request = BeltRequest(1.4, 1.4, 0.6, "law", age_s)
    lab.tick()
    assert lab.told == (State.RUNNING, Level.WARN, Reason.COMMAND_OLD) and "allowed 0.2 s" in lab.text
    lab.run(0.225)
    assert lab.told == (State.STOPPING, Level.RAMP_DOWN, Reason.COMMAND_STALE)
    assert max(lab.told_mps) <= 1.0


def test_the_age_of_a_command_counts_from_its_stamp():
    lab = walking()
    lab.request = None
    lab.feed(BeltRequest(1.0, 1.0, 0.6, "law", 0.15))
    lab.run(0.075)
    assert lab.told[2] is Reason.COMMAND_STALE


@pytest.mark.parametrize("age_s", [0.21, 1e6, -0.21, math.nan])
def test_a_latched_or_replayed_heartbeat_is_none(age_s):
    """Who starts late hears the last state of a session that may be over."""
    lab = Lab()
    lab.has_operator = False
    lab.run(0.2)
    lab.feed(OperatorAlive(age_s))
    lab.arm()
    assert not lab.gate.is_armed and "no session is heard" in lab.text
    lab.feed(OperatorAlive(0.15))
    lab.arm()
    assert lab.gate.is_armed
    lab.run(0.075)
    assert lab.told[2] is Reason.OPERATOR_LOST, "it counts from its stamp"


@pytest.mark.parametrize("source", ["law", "another"])
@pytest.mark.parametrize("age_s", [0.0, 1e6])
def test_a_replayed_recording_moves_nothing(source, age_s):
    """Commands come as they were recorded, of the same node or another, with their old stamps or fresh ones."""
    lab = walking()
    lab.rest()
    told_count = len(lab.told_mps)
    lab.request = BeltRequest(1.2, 1.2, 0.6, source, age_s)
    lab.run(2.0)
    assert lab.told_mps[told_count:] == [] and lab.gate.safety.state is State.DISARMED
    lab.arm()
    assert not lab.gate.is_armed and "a command asks for motion already" in lab.text


def test_a_replayed_recording_does_not_take_the_belts_over():
    lab = walking()
    for _ in range(40):
        lab.feed(BeltRequest(1.5, 1.5, 0.6, "law", 1e6))
        lab.feed(BeltRequest(0.0, 0.0, 0.6, "law", 1e6))
        lab.tick()
    assert lab.gate.safety.state is State.RUNNING and lab.told_mps[-1] == pytest.approx(1.0)


def test_a_clock_that_goes_back_leaves_no_sensor_fresh():
    lab = walking()
    lab.feed(StopRequest("Ann"))
    lab.rest()
    lab.now_s -= 100.0
    lab.plates, lab.harness_n = {}, None
    lab.run(0.5)
    lab.arm()
    assert not lab.gate.is_armed and "no samples of" in lab.text


@pytest.mark.parametrize(
    ("wrong", "numbers"), [({"front_m": 0.1}, "front_m: got 0.1"), ({"sensor_stale_s": 0.5}, "allowed 0.05 to 0.225")]
)
def test_settings_beyond_sense_are_refused(wrong, numbers):
    with pytest.raises(ValueError, match=numbers):
        SupervisorSettings(**wrong)
