# SPDX-License-Identifier: Apache-2.0
"""What reaches the belt gate through topics: heartbeat, stamped commands, plates, harness, missteps and a stop switch.

A real process before an emulated Bertec on loopback. The test speaks for all other nodes, arms again whenever it may,
and waits for what the node says: how long that takes depends on the machine.
"""

import math
import socket
from array import array
from functools import partial

import pytest
from gait_lab import msg, srv
from std_msgs.msg import Bool

from gait_ros import qos
from gait_ros.messages import to_stamp
from gait_ros.running import now_s
from gait_sim.simulated_lab import SimulatedLab, read_devices
from gait_sim.walker import Walker, WalkerSettings

WEIGHT_N, MASS_KG = 784.532, 80.0
FEET = {"left_belt": 0.1, "right_belt": -0.1}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def forces(name, load_n, ahead_m, stamp):
    message = msg.ForceSamples(time_offset_s=array("d", [0.0]), force_n=array("d", [0.0, 0.0, load_n]))
    message.moment_nm, message.centre_of_pressure_m = array("d", [0.0] * 3), array("d", [ahead_m, 0.0])
    message.header.frame_id, message.header.stamp = name, stamp
    return message


class Lab:
    """All that the treadmill node hears, said again and again; what is None is not said."""

    def __init__(self, node, spin):
        self.node, self.spin_once = node, spin
        self.safety = []
        self.is_heard, self.may_run, self.harness_n = False, None, None
        self.feet = dict(FEET)
        self.command_age_s = None
        self.sample_age_s, self.has_samples = 0.0, True
        self.events = []
        self.arming = None
        self.wants_armed = False
        self._session = node.create_publisher(msg.SessionState, "session/state", qos.STATE)
        self._commands = node.create_publisher(msg.TreadmillCommand, "treadmill/command", qos.COMMAND)
        self._events = node.create_publisher(msg.GaitEvent, "gait/events", qos.EVENTS)
        self._switch = node.create_publisher(Bool, "treadmill/stop_input", 1)
        self._cells = {
            name: node.create_publisher(msg.ForceSamples, f"load_cell/{name}/samples", qos.SAMPLES)
            for name in (*FEET, "harness")
        }
        self._arm = node.create_client(srv.Arm, "treadmill_node/arm")
        node.create_subscription(msg.SafetyState, "treadmill/safety", self.safety.append, qos.STATE)

    def step(self):
        now = now_s(self.node)
        stamp = to_stamp(now)
        if self.is_heard:
            session = msg.SessionState(body_mass_kg=MASS_KG)
            session.header.stamp = stamp
            self._session.publish(session)
        if self.may_run is not None:
            self._switch.publish(Bool(data=self.may_run))
        taken = to_stamp(now - self.sample_age_s)
        for name, ahead_m in self.feet.items():
            sample = forces(name, 0.5 * WEIGHT_N, ahead_m, taken)
            self._cells[name].publish(sample if self.has_samples else msg.ForceSamples(header=sample.header))
        if self.harness_n is not None:
            self._cells["harness"].publish(forces("harness", self.harness_n, math.nan, stamp))
        if self.command_age_s is not None:
            command = msg.TreadmillCommand(left_speed_mps=0.5, right_speed_mps=0.5, acceleration_mps2=0.5)
            command.header.frame_id, command.header.stamp = "test", to_stamp(now - self.command_age_s)
            self._commands.publish(command)
        while self.events:
            self._events.publish(self.events.pop())
        self.take_up()
        self.spin_once()

    def take_up(self):
        """Arm when the belts rest, and ask for motion once they are armed."""
        state = self.safety[-1].state if self.safety else ""
        if self.wants_armed and state == "disarmed" and (self.arming is None or self.arming.done()):
            self.command_age_s = None
            if self._arm.service_is_ready():
                self.arming = self._arm.call_async(srv.Arm.Request(operator_name="test"))
        elif self.wants_armed and state == "armed":
            self.command_age_s = 0.0

    def said(self, reason, state=None):
        return any(s.reason == reason and state in (None, s.state) for s in self.safety)


@pytest.fixture
def lab(start_node, test_node, wait_until, tmp_path):
    url = f"tcp://127.0.0.1:{free_port()}"
    config = f'/**/treadmill_node:\n  ros__parameters:\n    driver: bertec_classic\n    url: "{url}"\n'
    path = tmp_path / "lab.yaml"
    path.write_text(config)
    emulated = SimulatedLab(read_devices(path), Walker(WalkerSettings()), tmp_path)
    emulated.start()
    start_node("treadmill_node", config)
    lab = Lab(*test_node)
    lab.wait = lambda condition: wait_until(condition, lab.step, deadline_s=90.0)
    lab.wait(lambda: lab.safety)
    yield lab
    emulated.close()


def walk(lab, is_ready=lambda: True):
    """Let the belts run until all is ready; forget what was said until then."""
    lab.is_heard = lab.wants_armed = True
    lab.wait(lambda: lab.safety[-1].state == "running" and is_ready())
    lab.wants_armed = False
    lab.safety[:-1] = []


def wait_for_stop(lab, reason, act, undo=lambda: None, words=""):
    """Let the belts run and act until they rest for this reason and ``words`` were said on the way.

    Again and again: where the machine stood still, they rest for another reason, or what was said is not heard.
    """

    def rest():
        undo()
        walk(lab)
        act()
        lab.wait(lambda: lab.safety[-1].state == "disarmed")
        return lab.safety[-1].reason == reason and any(words in state.text for state in lab.safety)

    lab.wait(rest)


def test_nothing_is_armed_without_a_session(lab):
    lab.wants_armed = True
    lab.wait(lambda: "arming refused" in lab.safety[-1].text)
    assert {s.state for s in lab.safety} == {"disarmed"}


def test_a_stop_switch_is_heard_and_its_silence_too(lab):
    turn = lambda may_run: lambda: setattr(lab, "may_run", may_run)  # noqa: E731
    wait_for_stop(lab, msg.SafetyState.REASON_STOP_INPUT, turn(False), turn(True))
    assert lab.safety[-1].level == msg.SafetyState.LEVEL_STOP
    wait_for_stop(lab, msg.SafetyState.REASON_STOP_INPUT, turn(None), turn(True))


def test_an_old_stamp_is_not_obeyed(lab):
    def age():
        lab.command_age_s = 3.0

    wait_for_stop(lab, msg.SafetyState.REASON_COMMAND_STALE, age, words="by its stamp it is 3.0")


def test_the_walker_is_watched(lab):
    def put(feet, harness_n):
        lab.feet, lab.harness_n = feet, harness_n

    edge, harness = dict.fromkeys(FEET, -1.0), partial(put, FEET)
    wait_for_stop(lab, msg.SafetyState.REASON_WALKER_AT_EDGE, partial(put, edge, None), partial(put, FEET, None))
    wait_for_stop(lab, msg.SafetyState.REASON_HARNESS_LOAD, partial(harness, WEIGHT_N), partial(harness, 10.0))


def watches_plates(lab):
    """Whether the plates have been heard."""
    return "not watched" in lab.safety[-1].text and "place" not in lab.safety[-1].text


def misses_plates(lab):
    """Whether the belts rest for want of plates, or are not armed for it, where something else was late before."""
    lab.wants_armed = True
    return "no samples of left_belt, right_belt" in lab.safety[-1].text


def test_samples_of_a_recording_do_not_stand_in_for_a_plate(lab):
    walk(lab, partial(watches_plates, lab))
    lab.sample_age_s = 3600.0
    lab.wait(lambda: misses_plates(lab))


def test_a_message_without_a_sample_tells_nothing_and_harms_nothing(lab):
    walk(lab, partial(watches_plates, lab))
    lab.has_samples = False
    lab.wait(lambda: misses_plates(lab))
    lab.has_samples = True
    walk(lab)


def test_it_does_not_go_by_a_clock_that_others_send(start_node):
    node = start_node(
        "treadmill_node",
        "/**:\n  ros__parameters:\n    use_sim_time: true\n    driver: bertec_classic\n    url: tcp://127.0.0.1:9\n",
    )
    _, text = node.communicate(timeout=60)
    assert node.returncode == 1 and "treadmill_node: use_sim_time: got true" in text and "Traceback" not in text


def test_missteps_that_the_plates_tell_are_counted(lab):
    walk(lab, partial(watches_plates, lab))
    flags = msg.GaitEvent.FLAG_CROSS_STEP
    contact = msg.GaitEvent(kind=msg.GaitEvent.INITIAL_CONTACT, flags=flags, source=msg.GaitEvent.SOURCE_IMU)
    lab.events = [contact] * 10
    for _ in range(20):
        lab.step()
    assert not lab.said(msg.SafetyState.REASON_CROSS_STEPS), "motion sensors flag what they are not sure of"
    lab.wants_armed = True  # again, should they have come to rest meanwhile
    told = msg.GaitEvent(kind=msg.GaitEvent.INITIAL_CONTACT, flags=flags, source=msg.GaitEvent.SOURCE_FORCE)

    def misstep():
        lab.events = [told]
        return lab.said(msg.SafetyState.REASON_CROSS_STEPS)

    lab.wait(misstep)  # they count once all plates have been heard for a while
