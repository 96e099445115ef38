# SPDX-License-Identifier: Apache-2.0
"""The feedback node in a process of its own, told by the test what an analysis would tell."""

import itertools
import math
import signal
from functools import partial

import numpy as np
import pytest
from gait_lab import msg, srv
from std_srvs.srv import Trigger

from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Stride, Subphase
from gait_analysis.participant import Participant
from gait_analysis.standing import Standing
from gait_feedback import belts, cues
from gait_parts.plugins import available, find
from gait_ros import qos
from gait_ros.messages import (
    asymmetry_message,
    force_samples_message,
    standing_message,
    state_message,
    stride_message,
    to_stamp,
    values,
)
from gait_sensing import treadmills
from gait_sensing.samples import ForceSamples, Side
from gait_sim.emulated_device import DeviceConfig
from gait_sim.simulated_lab import SimulatedLab
from gait_sim.walker import Walker, WalkerSettings

DEADLINE_S = 60.0
WALKER = Participant(80.0, Side.LEFT)
PERIOD_S = 0.01  # of states; the session's heartbeat and the belts' status come every fifth time
STRIDE_S = 1.0


class Bench:
    """A feedback node, a session and an analysis around it, and all that it says."""

    def __init__(self, test_node, start_node, wait_until, config):
        self.node, self._spin = test_node
        self._wait_until = wait_until
        parameters = f"/**/feedback_node: {{ros__parameters: {config}}}\n"
        self.process = start_node("feedback_node", parameters, package="gait_feedback")
        self.cues, self.receipts, self.states, self.commands = [], [], [], []
        for kind, topic, heard, profile in (
            (msg.Cue, "feedback/cue", self.cues, qos.CUE),
            (msg.CueReceipt, "feedback/receipt", self.receipts, qos.EVENTS),
            (msg.FeedbackState, "feedback/state", self.states, qos.STATE),
            (msg.TreadmillCommand, "treadmill/command", self.commands, qos.COMMAND),
        ):
            self.node.create_subscription(kind, topic, heard.append, profile)
        self._session = self.node.create_publisher(msg.SessionState, "session/state", qos.STATE)
        self._publishers = {
            GaitState: self._publisher(msg.GaitState, "gait/state"),
            Stride: self._publisher(msg.Stride, "gait/strides"),
            Asymmetry: self._publisher(msg.Asymmetry, "gait/asymmetry"),
            Standing: self._publisher(msg.Standing, "gait/standing"),
        }
        self.state = msg.SessionState(prosthetic_side=msg.LimbState.SIDE_LEFT, body_mass_kg=80.0)
        self.tells_states = True
        self._due_s, self._count = 0.0, 0
        self.wait(lambda: "feedback_node" in self.node.get_node_names() and self._session.get_subscription_count())

    def _publisher(self, kind, topic):
        return self.node.create_publisher(kind, topic, qos.EVENTS)

    def now_s(self):
        return self.node.get_clock().now().nanoseconds * 1e-9

    def wait(self, condition, step=lambda: None):
        def go_on():
            step()
            self._go_on()

        self._wait_until(condition, go_on, deadline_s=DEADLINE_S)

    def begin(self):
        self.start_s = self.now_s()
        self.state.state, self.state.start = msg.SessionState.ACTIVE, to_stamp(self.start_s)
        self.wait(lambda: self.states and self.states[-1].schedule_text != "no session is active")

    def tell(self, value):
        to_message = {
            GaitState: partial(state_message, participant=WALKER, now_s=self.now_s()),
            Stride: partial(stride_message, participant=WALKER),
            Asymmetry: asymmetry_message,
            Standing: standing_message,
        }[type(value)]
        self._publishers[type(value)].publish(to_message(value))

    def _go_on(self):
        assert self.process.poll() is None, "the node has ended"
        self._spin()
        now_s = self.now_s()
        if now_s < self._due_s:
            return
        self._due_s, self._count = now_s + PERIOD_S, self._count + 1
        if self._count % 5 == 1:
            self.state.header.stamp = to_stamp(now_s)
            self._session.publish(self.state)
        if self.state.state and self.tells_states:
            left = (now_s - self.start_s) / STRIDE_S % 1.0
            self.tell(GaitState(now_s, now_s, limb(Side.LEFT, left), limb(Side.RIGHT, (left + 0.5) % 1.0), 1.0, 1.0))

    def wait_for(self, condition, lead):
        """Call ``lead``, which should lead to a cue, twice a second until ``condition``: late cues are dropped."""
        due_s = 0.0

        def step():
            nonlocal due_s
            if self.now_s() >= due_s:
                due_s = self.now_s() + 0.5
                lead()

        self.wait(condition, step)

    def withheld(self, words):
        """Return the numbers of cues that were withheld for a reason with these words."""
        withheld = (each for each in self.receipts if each.result == msg.CueReceipt.WITHHELD)
        return [each.number for each in withheld if words in each.text]

    def call(self, kind, name, request):
        client = self.node.create_client(kind, name)
        self.wait(client.service_is_ready)
        future = client.call_async(request)
        self.wait(future.done)
        self.node.destroy_client(client)
        return future.result()

    def stop(self):
        assert self.end() == ""

    def end(self):
        """End the node; return what it said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, err
        return err


def limb(side, phase):
    return LimbState(side, True, Subphase.UNKNOWN, phase, 1.0 / STRIDE_S, math.nan, "")


@pytest.fixture
def bench(test_node, start_node, wait_until):
    return lambda config: Bench(test_node, start_node, wait_until, config)


def config(strategy="{strategy: outside_band}", law="{law: ramp_to_speed}", **more):
    blocks = {"cue": strategy, "belt": law, "guard": "{is_on: false}", **more}
    return "{" + ", ".join(f"{name}: {block}" for name, block in blocks.items()) + "}"


def tell_uneven_stride(bench, speed_mps=1.0):
    """A stride of each side that ends now; the sound side stood longer."""
    now_s = bench.now_s()
    for side in Side:
        times = {"start_s": now_s - STRIDE_S, "end_s": now_s, "stride_time_s": STRIDE_S}
        others = ("other_foot_off_s", "other_contact_s", "foot_off_s")
        numbers = ("step_time_s", "stance_time_s", "swing_time_s", "initial_double_support_time_s",
                   "terminal_double_support_time_s", "single_support_time_s", "cadence_hz")  # fmt: skip
        unknown = dict.fromkeys((*others, *numbers), math.nan)
        bench.tell(Stride(side, 1, True, "", **times, **unknown, speed_mps=speed_mps))
    bench.tell(Asymmetry(now_s, Side.LEFT, (MetricAsymmetry("stance_time", "", 0.1, 0.1, 0.6, 0.7, "s", 1, 0),)))


def test_a_strategy_that_needs_states_cues_at_its_phase_through_all_heartbeats(bench):
    bench = bench(config("{strategy: phase_locked_pulse, phase: 0.5}"))
    bench.begin()
    bench.wait(lambda: len(bench.cues) >= 3)
    numbers = [each.number for each in (*bench.cues, *bench.receipts)]  # one that comes late is dropped
    assert len(set(numbers)) == len(numbers), "a heartbeat makes nothing anew"
    for cue in bench.cues:
        phase = (values.seconds(cue.event) - bench.start_s) / STRIDE_S % 1.0
        assert phase == pytest.approx(0.5, abs=0.005) and cue.side == msg.LimbState.SIDE_LEFT
        assert cue.text == "now, on the left"
    bench.stop()


def test_messages_without_a_meaning_are_dropped_with_their_reason_and_the_node_lives_on(bench, health):
    bench = bench(config("{strategy: phase_locked_pulse, phase: 0.5}"))
    bench.begin()
    session = bench.node.create_publisher(msg.SessionState, "session/state", qos.STATE)
    state = bench.node.create_publisher(msg.GaitState, "gait/state", qos.EVENTS)

    def tell():  # again and again: the node keeps the newest state only, and a heartbeat may come before it looks
        session.publish(msg.SessionState(state=msg.SessionState.ENDED, input=9))
        state.publish(msg.GaitState())

    bench.wait(lambda: health.get("feedback_node_messages") == "dropped messages of /gait/state, /session/state", tell)
    seen = len(bench.cues)
    bench.wait(lambda: len(bench.cues) > seen)
    said = bench.end()
    assert "/session/state: dropped 1 so far: input: got 9, expected one of 0, 1, 2" in said
    assert "/gait/state: dropped 1 so far: side: got 0, expected one of 1, 2" in said


def test_standing_is_cued_without_a_guard(bench):
    bench = bench(config("{strategy: weight_shift_target, target: 0.5, out_count: 1}", guard="{is_on: true}"))
    bench.begin()
    bench.wait_for(lambda: bench.cues, lambda: bench.tell(Standing(bench.now_s(), True, shift_share=0.3)))
    assert bench.cues[0].text == "more weight on the left"
    bench.wait(lambda: bench.states[-1].guard_text == "standing is not watched")


def test_the_guard_wants_a_baseline_then_pauses_and_says_so(bench):
    guard = "{settling_strides_count: 0, baseline_strides_count: 3, strides_count: 1}"
    bench = bench(config(guard=guard))
    bench.begin()
    bench.wait(lambda: bench.states[-1].guard_text.startswith("no baseline yet"))
    walk = partial(tell_uneven_stride, bench)
    bench.wait_for(lambda: bench.withheld("baseline") and bench.cues, walk)
    assert max(bench.withheld("baseline")) < bench.cues[0].number
    bench.wait(lambda: bench.states[-1].guard_text == "" and bench.states[-1].unwatched)
    assert bench.states[-1].guard_level == msg.FeedbackState.GUARD_PASS
    slow = partial(walk, speed_mps=0.5)
    bench.wait_for(lambda: bench.states[-1].guard_level == msg.FeedbackState.GUARD_PAUSE, slow)
    assert bench.states[-1].guard_text.startswith("cues paused: speed of the left side is worse by 50 percent")
    bench.wait_for(lambda: bench.withheld("paused"), slow)


def test_the_schedule_withholds_and_the_walker_may_ask(bench):
    bench = bench(config(schedule="{asked_s: 60.0}"))
    refused = bench.call(Trigger, "feedback_node/ask", Trigger.Request())
    assert not refused.success and refused.message == "no session is active"
    bench.begin()
    walk = partial(tell_uneven_stride, bench)
    bench.wait_for(lambda: bench.withheld("did not ask"), walk)
    assert len(bench.withheld("did not ask")) == len(bench.receipts) and not bench.cues
    bench.wait(lambda: "did not ask" in bench.states[-1].schedule_text)

    def ask():  # again where the session's heartbeat was late
        answer = bench.call(Trigger, "feedback_node/ask", Trigger.Request())
        return answer.success and answer.message.startswith("100 percent")

    bench.wait(ask)
    bench.wait(lambda: bench.states[-1].schedule_text.startswith("100 percent"))
    bench.wait_for(lambda: bench.cues, walk)
    bench.wait(lambda: bench.states[-1].given_count)
    assert bench.states[-1].withheld_count >= 1


def test_who_comes_late_hears_the_newest_state_and_it_is_told_each_second(bench):
    bench = bench(config())
    bench.begin()
    late = []
    bench.node.create_subscription(msg.FeedbackState, "feedback/state", late.append, qos.STATE)

    def repeats():  # without news; where a heartbeat was late there was some
        return [pair for pair in itertools.pairwise(late) if pair[0].schedule_text == pair[1].schedule_text]

    bench.wait(lambda: len(repeats()) >= 2)
    for before, after in repeats():
        assert values.seconds(after.header.stamp) - values.seconds(before.header.stamp) > 0.9
    assert (late[-1].strategy, late[-1].law) == ("outside_band", "ramp_to_speed")


def test_a_law_that_needs_plates_hears_them_and_asks_for_rest_when_one_falls_silent(bench):
    bench = bench(config(law="{law: self_paced, start_speed_mps: 0.4}"))
    belts = bench.node.create_publisher(msg.TreadmillState, "treadmill/state", qos.EVENTS)
    plates = {
        f"{side.value}_belt": bench.node.create_publisher(
            msg.ForceSamples, f"load_cell/{side.value}_belt/samples", qos.SAMPLES
        )
        for side in Side
    }
    bench.begin()
    told_s, silent, is_armed = bench.now_s(), set(), True

    def tell():
        """Tell belts as fast as the newest command, and what the plates measured since the last time."""
        nonlocal told_s
        now_s = bench.now_s()
        if now_s < told_s + 0.02:
            return
        speed_mps = bench.commands[-1].left_speed_mps if bench.commands else 0.0
        state = msg.TreadmillState(left_speed_mps=speed_mps, right_speed_mps=speed_mps, is_armed=is_armed)
        state.header.stamp = to_stamp(now_s)
        belts.publish(state)
        times = np.arange(told_s, now_s, 0.001)
        rows = np.zeros((len(times), 3))
        for name in plates.keys() - silent:
            plates[name].publish(force_samples_message(ForceSamples(name, 0, times, rows, rows, rows[:, :2])))
        told_s = now_s

    def drives():
        """Arm again after what the law asks rest for, as where the machine stood still."""
        nonlocal is_armed
        if bench.commands and bench.commands[-1].problem:
            is_armed, due_s = False, bench.now_s() + 0.5
            bench.wait(lambda: bench.now_s() > due_s, tell)
            bench.commands.clear()
            is_armed = True
        return bench.commands and bench.commands[-1].left_speed_mps > 0.1 and bench.states[-1].law_text == ""

    def rests_for_want_of_a_plate():
        silent.clear()
        bench.wait(drives, tell)
        silent.add("left_belt")
        bench.wait(lambda: bench.commands[-1].problem, tell)
        return bench.commands[-1].problem == "a plate is silent, or both, for 0.15 s"

    bench.wait(rests_for_want_of_a_plate)
    assert bench.commands[-1].left_speed_mps == 0.0
    bench.wait(lambda: bench.states[-1].law_text == bench.commands[-1].problem, tell)


@pytest.fixture
def treadmill(tmp_path, start_node):
    """The treadmill node with an emulated treadmill."""
    block = {"driver": "bertec_classic", "url": f"serial://{tmp_path}/belts?baud_bps=115200"}
    lab = SimulatedLab(
        {"treadmill": DeviceConfig(treadmills.__name__, block)}, Walker(WalkerSettings()), tmp_path / "recording"
    )
    lab.start()
    yield start_node("treadmill_node", f"/**/treadmill_node: {{ros__parameters: {block}}}\n")
    lab.close()


def test_a_law_drives_the_belts_and_brings_them_to_rest_when_states_cease(bench, treadmill):
    bench = bench(config(law="{law: training_progression, start_speed_mps: 0.3, acceleration_mps2: 0.6}"))
    statuses, safety = [], []
    bench.node.create_subscription(msg.TreadmillState, "treadmill/state", statuses.append, qos.EVENTS)
    bench.node.create_subscription(msg.SafetyState, "treadmill/safety", safety.append, qos.STATE)
    bench.begin()

    def walks():
        """Arm belts that are not, as when the machine stood still for longer than their gate waits."""
        if not (statuses and statuses[-1].is_armed):
            bench.call(srv.Arm, "treadmill_node/arm", srv.Arm.Request(operator_name="the test"))
        return statuses and statuses[-1].is_armed and abs(statuses[-1].left_speed_mps - 0.3) < 0.01

    def rests_for_want_of_states():
        """Walk, and let the states cease; False where something else was late before."""
        bench.tells_states = True
        bench.wait(lambda: walks() and bench.states[-1].law_text == "")
        bench.tells_states = False
        bench.wait(lambda: safety[-1].state == "disarmed")
        text = "/feedback_node asks for rest: no gait state within 0.15 s"
        return safety[-1].text.startswith(text) and bench.commands[-1].problem

    bench.wait(rests_for_want_of_states)
    assert safety[-1].reason == msg.SafetyState.REASON_LAW_PROBLEM
    bench.wait(lambda: statuses[-1].left_speed_mps == 0.0 and not statuses[-1].is_armed)
    bench.wait(lambda: bench.states[-1].law_text == "no gait state within 0.15 s")
    assert {command.header.frame_id for command in bench.commands} == {"/feedback_node"}
    assert bench.commands[-1].left_speed_mps == 0.0


PAIRS = list(itertools.zip_longest(available(cues.__name__), available(belts.__name__), fillvalue=None))


@pytest.mark.parametrize(("strategy", "law"), PAIRS)
def test_each_strategy_and_law_starts_by_its_name_and_hears_what_it_observes(bench, strategy, law):
    strategy, law = strategy or "outside_band", law or "ramp_to_speed"
    bench = bench(config(f"{{strategy: {strategy}}}", f"{{law: {law}}}"))
    bench.begin()
    assert (bench.states[-1].strategy, bench.states[-1].law) == (strategy, law)
    observes = {*find(cues.__name__, strategy).Strategy.OBSERVES, *find(belts.__name__, law).Law.OBSERVES, Stride}
    plates = {f"/load_cell/{side.value}_belt/samples": ForceSamples for side in Side}
    optional = {"/gait/standing": Standing, "/gait/asymmetry": Asymmetry, **plates}

    def heard():  # the graph tells of it in its own time
        topics = bench.node.get_subscriber_names_and_types_by_node("feedback_node", "/")
        return {topic for topic, _ in topics} & set(optional)

    bench.wait(lambda: heard() == {topic for topic, kind in optional.items() if kind in observes})
    bench.stop()
