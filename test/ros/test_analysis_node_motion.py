# SPDX-License-Identifier: Apache-2.0
"""The analysis node on plates and foot IMUs over real DDS: who tells, and what becomes of news that come late.

Time is sample time: a walk made beforehand is fed as fast as the node takes it, except where lateness is what counts.
"""

import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from gait_lab import msg
from sensor_msgs.msg import Imu

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import GaitEvent
from gait_analysis.participant import Input, Participant
from gait_feedback.limiter import LimiterSettings
from gait_ros import qos
from gait_ros.messages import force_samples_message, imu_message, to_stamp, values
from gait_sensing.samples import ForceSamples, ImuSample
from gait_sim.walker import Walker, WalkerSettings

MASS_KG = 80.0
BATCH_S, BATCH_COUNT = 0.016, 16
FEET, PLATES = ("left_foot", "right_foot"), ("left_belt", "right_belt")
OUT_S, BACK_S, ALONE_S, DURATION_S = 21.0, 26.0, 30.0, 32.0  # no plates; plates again; the left foot's IMU alone
LEAD_S = 0.25  # of sample time, fed ahead of the newest state heard: little, so that no socket overflows
CATCH_UP_S = 4.0  # for what came before the first events; from then on samples come in step with the clock
MAX_EVENT_AGE_S = LimiterSettings().max_event_age_s
FIRST_S = 0.3  # fed until the analysis answers
UNKNOWN_XYZW = (math.nan,) * 4

Sample = ForceSamples | ImuSample


def walk(duration_s: float) -> list[Sample]:
    """Return what plates and foot IMUs tell of a walk, in order of time from 0 s."""
    walker, samples, imu_count = Walker(WalkerSettings(body_mass_kg=MASS_KG, seed=3)), [], 0
    for batch in range(int(duration_s / BATCH_S)):
        time_s = batch * BATCH_S + np.arange(1, BATCH_COUNT + 1) * BATCH_S / BATCH_COUNT
        walker.advance(float(time_s[-1]), 1.0, 1.0)
        while imu_count * 0.01 <= time_s[-1]:
            for foot in FEET:
                reading = walker.imu(foot, imu_count * 0.01, None)
                moved = reading.acceleration_mps2, reading.angular_rate_radps
                samples.append(ImuSample(foot, imu_count * 0.01, *moved, UNKNOWN_XYZW))
            imu_count += 1
        for plate in PLATES:
            force_n, pressure_m = walker.plate(plate, time_s)
            unknown = np.full((BATCH_COUNT, 3), np.nan)
            samples.append(ForceSamples(plate, BATCH_COUNT * batch, time_s, force_n, unknown, pressure_m))
    return samples


def newest_s(sample: Sample) -> float:
    return sample.time_s if isinstance(sample, ImuSample) else float(sample.time_s[-1])


class Fed:
    """A running analysis node, what feeds it, and what it told; times are those of the walk."""

    def __init__(self, node, spin: Callable[[], None], wait_until: Callable[..., None]) -> None:
        self._spin, self._wait_until, self.start_s = spin, wait_until, math.nan
        self.events, self.states, self.strides = [], [], []
        self.silences = []  # states that are no later than the one before, since no sensor told anything
        self._publishers = {name: node.create_publisher(Imu, f"imu/{name}", qos.SAMPLES) for name in FEET} | {
            name: node.create_publisher(msg.ForceSamples, f"load_cell/{name}/samples", qos.SAMPLES) for name in PLATES
        }
        self._session = node.create_publisher(msg.SessionState, "session/state", qos.STATE)
        for kind, topic, heard in (
            (msg.GaitEvent, "gait/events", self.events),
            (msg.GaitState, "gait/state", self),
            (msg.Stride, "gait/strides", self.strides),
        ):
            node.create_subscription(kind, topic, heard.append, qos.EVENTS)

    def append(self, state: msg.GaitState) -> None:
        """Hear a state."""
        told_s = self.told_s if self.states else 0.0
        (self.states if self.time_s(state.header.stamp) > told_s else self.silences).append(state)

    def tell_session(self) -> None:
        """Say that the session is active, as the operator's heartbeat does."""
        self._session.publish(
            msg.SessionState(
                state=msg.SessionState.ACTIVE,
                input=msg.SessionState.INPUT_SIMULATED,
                body_mass_kg=MASS_KG,
                start=to_stamp(self.start_s),
            )
        )

    def wait_for_nodes(self, count: int) -> None:
        """Wait until as many nodes listen to the session, one of them to all sensors."""
        sinks = [publisher.get_subscription_count for publisher in self._publishers.values()]
        listeners = self._session.get_subscription_count
        self._wait_until(lambda: all(sink() for sink in sinks) and listeners() == count, self._spin, deadline_s=60.0)

    def begin(self, start_s: float, first: list[Sample]) -> None:
        """Feed the first samples again and again until the analysis tells: what it has had already changes nothing."""
        self.start_s = start_s
        self.tell_session()

        def ask() -> None:
            for sample in first:
                self._publish(sample)
            self._spin()

        self._wait_until(lambda: self.states, ask, deadline_s=60.0)

    def feed(self, sample: Sample) -> None:
        """Publish a sample as soon as the analysis is not far behind."""
        earliest_s = newest_s(sample) - LEAD_S
        self._wait_until(lambda: self.told_s >= earliest_s, self._spin, deadline_s=60.0)
        self._publish(sample)

    @property
    def told_s(self) -> float:
        """Time of the newest state heard."""
        return self.time_s(self.states[-1].header.stamp)

    def time_s(self, stamp) -> float:
        return values.seconds(stamp) - self.start_s

    def _publish(self, sample: Sample) -> None:
        shifted = replace(sample, time_s=sample.time_s + self.start_s)
        is_imu = isinstance(sample, ImuSample)
        name = sample.segment if is_imu else sample.name
        self._publishers[name].publish(imu_message(shifted) if is_imu else force_samples_message(shifted))

    def contacts(self, side: int, from_s: float, to_s: float) -> list[msg.GaitEvent]:
        return [
            event
            for event in self.events
            if (event.side, event.kind) == (side, msg.GaitEvent.INITIAL_CONTACT)
            and from_s < self.time_s(event.header.stamp) < to_s
        ]


@pytest.fixture
def fed(domain_id, test_node, wait_until, tmp_path):
    """``fed({node: parameters})``: the nodes, and what feeds the analysis."""
    processes = []

    def start(parameters: dict[str, str]) -> Fed:
        for name, lines in parameters.items():
            config = tmp_path / f"{name}.yaml"
            config.write_text(f"/**/{name}: {{ros__parameters: {lines}}}\n")
            stage = {"analysis_node": "gait_analysis", "feedback_node": "gait_feedback"}[name]
            command = [sys.executable, "-c", f"from {stage}.{name} import main; main()"]
            processes.append(subprocess.Popen([*command, "--ros-args", "--params-file", str(config)]))
        lab = Fed(*test_node, wait_until)
        lab.wait_for_nodes(len(parameters))
        return lab

    yield start
    ended = [process.args for process in processes if process.poll() is not None]
    for process in processes:
        process.kill()
        process.wait()
    assert not ended


def test_foot_imus_take_over_from_silent_plates_and_give_back(fed, test_node, wait_until):
    samples = walk(DURATION_S)
    lab = fed({"analysis_node": "{state_rate_hz: 50.0}"})
    lab.begin(1.7e9, [sample for sample in samples if newest_s(sample) <= FIRST_S])
    for sample in samples:
        begin_s = sample.time_s if isinstance(sample, ImuSample) else float(sample.time_s[0])
        has_plates = not OUT_S < begin_s < BACK_S and begin_s < ALONE_S
        if has_plates if isinstance(sample, ForceSamples) else begin_s < ALONE_S or sample.segment == "left_foot":
            lab.feed(sample)
    wait_until(lambda: lab.told_s > DURATION_S - 0.2, test_node[1], deadline_s=60.0)

    sides = {msg.LimbState.SIDE_LEFT: "left", msg.LimbState.SIDE_RIGHT: "right"}
    for side, name in sides.items():
        before = lab.contacts(side, 12.0, OUT_S - 0.1)
        between = lab.contacts(side, OUT_S + 0.2, BACK_S - 0.2)
        after = lab.contacts(side, BACK_S + 1.3, ALONE_S - 0.1)
        assert [len(told) for told in (before, between, after)] == [pytest.approx(n, abs=1) for n in (7, 4, 2)]
        assert {(event.sensor, event.source) for event in before + after} == {(f"{name}_belt", 1)}
        assert {(event.sensor, event.source) for event in between} == {(f"{name}_foot", 2)}
        offs = [event for event in lab.events if event.sensor == f"{name}_foot" and event.kind == event.FOOT_OFF]
        assert offs and all("off force, which is taken off" in event.reason for event in offs)
    assert {f"events from {name}_foot instead of {name}_belt" for name in sides.values()} <= {
        stride.reason for stride in lab.strides
    }

    alone = [state for state in lab.states if lab.time_s(state.header.stamp) > ALONE_S + 0.3]
    assert alone and all(state.left.is_contact_known for state in alone)
    assert not any(state.right.is_contact_known for state in alone)
    assert all(state.right.reason.startswith("nothing from right_belt any more") for state in alone)
    known = [state for state in lab.states if OUT_S + 0.2 < lab.time_s(state.header.stamp) < BACK_S]
    assert known and all(state.left.is_contact_known and state.right.is_contact_known for state in known)


def test_it_is_told_why_there_is_no_state(fed, test_node, wait_until):
    samples = [sample for sample in walk(2.0) if isinstance(sample, ForceSamples)]
    lab = fed({"analysis_node": "{state_rate_hz: 50.0}"})
    lab.start_s = 1.7e9
    lab.tell_session()
    wait_until(lambda: lab.silences, test_node[1], deadline_s=60.0)
    never = lab.silences[-1]
    assert lab.time_s(never.header.stamp) == 0.0 and not lab.states
    assert never.left.reason == "no sensor of the left foot has sent anything"
    assert never.right.role == msg.LimbState.ROLE_UNKNOWN and never.age_s > 0.4
    lab.begin(1.7e9, samples[:20])
    for sample in samples:
        lab.feed(sample)
    wait_until(lambda: lab.told_s > 1.9, test_node[1], deadline_s=60.0)

    def is_silent():  # since the last state of all
        lab.silences[:] = [state for state in lab.silences if lab.time_s(state.header.stamp) == lab.told_s]
        return len(lab.silences) > 1

    wait_until(is_silent, test_node[1], deadline_s=60.0)
    for state in lab.silences:
        assert state.left.reason == "nothing from left_belt any more"
        assert not (state.left.is_contact_known or state.right.is_contact_known or state.left.is_phase_valid)


def mounting_known_s(feet: list[ImuSample]) -> float:
    """Return when the analysis tells its first events, all at once."""
    analyser = Analyser(AnalyserSettings(), Participant(MASS_KG, None), Input.SIMULATED, 0.0)
    return next(sample.time_s for sample in feet if any(isinstance(told, GaitEvent) for told in analyser.feed(sample)))


def test_a_late_sensors_backlog_makes_no_cue(fed, test_node):
    """Of foot IMUs, the first strides are told when the mounting is known: confirmed just now, but long over."""
    node, spin = test_node
    feet = [sample for sample in walk(25.0) if isinstance(sample, ImuSample)]
    known_s = mounting_known_s(feet)
    now_s = partial(time.clock_gettime, time.CLOCK_REALTIME)
    cue = "{strategy: outside_band, metric: step_time, band: 0.0}"
    feedback = f"{{cue: {cue}, guard: {{is_on: false}}, belt: {{law: ramp_to_speed}}}}"
    lab = fed({"analysis_node": "{state_rate_hz: 50.0}", "feedback_node": feedback})
    cues, receipts, said_s = [], [], 0.0
    node.create_subscription(msg.Cue, "feedback/cue", cues.append, qos.CUE)
    node.create_subscription(msg.CueReceipt, "feedback/receipt", receipts.append, qos.EVENTS)
    first = [sample for sample in feet if newest_s(sample) <= FIRST_S]
    lab.begin(now_s() + CATCH_UP_S - known_s, first)
    for sample in feet:
        while now_s() < lab.start_s + sample.time_s:
            spin()
        if now_s() > said_s + 0.3:
            lab.tell_session()
            said_s = now_s()
        lab.feed(sample)
        if cues:
            break

    told_s = lab.time_s(lab.events[0].detected)
    late = [receipt for receipt in receipts if lab.time_s(receipt.event) < told_s - MAX_EVENT_AGE_S]
    assert late and all(receipt.result == msg.CueReceipt.DROPPED_LATE for receipt in late)
    assert any("after the event" in receipt.text for receipt in late)
    ages_s = [values.seconds(cue.header.stamp) - values.seconds(cue.event) for cue in cues]
    assert ages_s and max(ages_s) <= MAX_EVENT_AGE_S
