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

    def cue_or_receipt(self, lead):
        """Call ``lead``, which should lead to a cue, twice a second until one goes or is answered."""
        seen, due_s = len(self.cues) + len(self.receipts), 0.0

        def step():
            nonlocal due_s
            if self.now_s() >= due_s:
                due_s = self.now_s() + 0.5
                lead()

        self.wait(lambda: len(self.cues) + len(self.receipts) > seen, step)

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
    assert [cue.number for cue in bench.cues[:3]] == [1, 2, 3], "a heartbeat makes nothing anew"
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
    bench.cue_or_receipt(lambda: bench.tell(Standing(bench.now_s(), True, shift_share=0.3)))
    assert bench.cues and bench.cues[0].text == "more weight on the left"
    assert bench.states[-1].guard_text == "standing is not watched"


def test_the_guard_wants_a_baseline_then_pauses_and_says_so(bench):
    guard = "{settling_strides_count: 0, baseline_strides_count: 3, strides_count: 1}"
    bench = bench(config(guard=guard))
    bench.begin()
    walk = partial(tell_uneven_stride, bench)
    bench.cue_or_receipt(walk)
    assert bench.receipts[0].result == msg.CueReceipt.WITHHELD and "baseline" in bench.receipts[0].text
    assert bench.states[-1].guard_text.startswith("no baseline yet")
    while not bench.cues:
        bench.cue_or_receipt(walk)
    bench.wait(lambda: bench.states[-1].guard_text == "" and bench.states[-1].unwatched)
    assert bench.states[-1].guard_level == msg.FeedbackState.GUARD_PASS
    bench.cue_or_receipt(partial(walk, speed_mps=0.5))
    bench.wait(lambda: bench.states[-1].guard_level == msg.FeedbackState.GUARD_PAUSE)
    assert bench.states[-1].guard_text.startswith("cues paused: speed of the left side is worse by 50 percent")
    bench.cue_or_receipt(partial(walk, speed_mps=0.5))
    assert bench.receipts[-1].result == msg.CueReceipt.WITHHELD and bench.receipts[-1].text.startswith("paused")


def test_the_schedule_withholds_and_the_walker_may_ask(bench):
    bench = bench(config(schedule="{asked_s: 60.0}"))
    refused = bench.call(Trigger, "feedback_node/ask", Trigger.Request())
    assert not refused.success and refused.message == "no session is active"
    bench.begin()
    walk = partial(tell_uneven_stride, bench)
    bench.cue_or_receipt(walk)
    (receipt,) = bench.receipts
    assert receipt.result == msg.CueReceipt.WITHHELD and "did not ask" in receipt.text and not bench.cues
    assert "did not ask" in bench.states[-1].schedule_text
    asked = bench.call(Trigger, "feedback_node/ask", Trigger.Request())
    assert asked.success and asked.message.startswith("100 percent")
    bench.wait(lambda: bench.states[-1].schedule_text.startswith("100 percent"))
    while not bench.cues:
        bench.cue_or_receipt(walk)
    bench.wait(lambda: bench.states[-1].given_count)
    assert bench.states[-1].withheld_count >= 1


def test_who_comes_late_hears_the_newest_state_and_it_is_told_each_second(bench):
    bench = bench(config())
    bench.begin()
    late = []
    bench.node.create_subscription(msg.FeedbackState, "feedback/state", late.append, qos.STATE)
    bench.wait(lambda: len(late) >= 3)
    stamps = [values.seconds(state.header.stamp) for state in late]
    assert all(after - before > 0.9 for before, after in itertools.pairwise(stamps[1:]))
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
    told_s = bench.now_s()

    def tell():
        """Tell armed belts, as fast as the newest command, and what the plates measured since the last time."""
        nonlocal told_s
        now_s = bench.now_s()
        if now_s < told_s + 0.02:
            return
        speed_mps = bench.commands[-1].left_speed_mps if bench.commands else 0.0
        state = msg.TreadmillState(left_speed_mps=speed_mps, right_speed_mps=speed_mps, is_armed=True)
        state.header.stamp = to_stamp(now_s)
        belts.publish(state)
        times = np.arange(told_s, now_s, 0.001)
        rows = np.zeros((len(times), 3))
        for name, publisher in plates.items():
            publisher.publish(force_samples_message(ForceSamples(name, 0, times, rows, rows, rows[:, :2])))
        told_s = now_s

    bench.wait(lambda: bench.commands and bench.commands[-1].left_speed_mps > 0.1, tell)
    assert bench.states[-1].law_text == ""
    plates.pop("left_belt")
    bench.wait(lambda: bench.commands[-1].left_speed_mps == 0.0, tell)
    bench.wait(lambda: bench.states[-1].law_text == "a plate is silent, or both, for 0.15 s", tell)


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

    def arm():
        return bench.call(srv.Arm, "treadmill_node/arm", srv.Arm.Request(operator_name="the test")).is_armed

    bench.wait(arm)
    bench.wait(lambda: statuses and abs(statuses[-1].left_speed_mps - 0.3) < 0.01)
    assert statuses[-1].is_armed and bench.states[-1].law_text == ""
    assert {command.header.frame_id for command in bench.commands} == {"/feedback_node"}
    bench.tells_states = False
    bench.wait(lambda: statuses[-1].left_speed_mps == 0.0 and not statuses[-1].is_armed)
    assert any(state.law_text == "no gait state within 0.15 s" for state in bench.states)
    assert bench.commands[-1].left_speed_mps == 0.0
    problems = [state for state in safety if state.reason == msg.SafetyState.REASON_LAW_PROBLEM]
    assert problems and problems[0].text.startswith("/feedback_node asks for rest: no gait state within 0.15 s")


PAIRS = list(itertools.zip_longest(available(cues.__name__), available(belts.__name__), fillvalue=None))


@pytest.mark.parametrize(("strategy", "law"), PAIRS)
def test_each_strategy_and_law_starts_by_its_name_and_hears_what_it_observes(bench, strategy, law):
    strategy, law = strategy or "outside_band", law or "ramp_to_speed"
    bench = bench(config(f"{{strategy: {strategy}}}", f"{{law: {law}}}"))
    bench.begin()
    bench.wait(lambda: bench.states[-1].header.stamp.sec)
    assert (bench.states[-1].strategy, bench.states[-1].law) == (strategy, law)
    observes = {*find(cues.__name__, strategy).Strategy.OBSERVES, *find(belts.__name__, law).Law.OBSERVES, Stride}
    heard = {topic for topic, _ in bench.node.get_subscriber_names_and_types_by_node("feedback_node", "/")}
    assert ("/gait/standing" in heard) is (Standing in observes)
    assert ("/gait/asymmetry" in heard) is (Asymmetry in observes)
    plates = {f"/load_cell/{side.value}_belt/samples" for side in Side}
    assert plates & heard == (plates if ForceSamples in observes else set())
    bench.stop()
