# SPDX-License-Identifier: Apache-2.0
"""The whole line in one thread and simulated time: walker, bytes, samples, events, metrics, cues, bytes, actuator."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.comparison.asymmetry import AsymmetryTracker
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, Stride
from gait_analysis.metrics import stance_time
from gait_analysis.participant import Input, Participant
from gait_analysis.strides.strides import StrideBuilder, timed_stride
from gait_feedback.actuator_timer import ActuatorTimer, ActuatorTimerSettings
from gait_feedback.actuators import vibraforge_v2
from gait_feedback.cue import ActuatorChange, Cue
from gait_feedback.cues import outside_band
from gait_feedback.limiter import Limiter, LimiterSettings
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.imus import xsens_mti
from gait_sensing.load_cells import sri_m8128
from gait_sensing.samples import BeltSample, BeltSetpoint, ForceReadings, Side
from gait_sensing.streams import ImuStream, LoadCellStream
from gait_sensing.treadmills import bertec_classic
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

START_S = 1.8e9  # host time at which simulated time begins
DURATION_S = 60.0
TICK_S = 0.005  # what one read of a wire brings
DELAY_S = 0.0004  # of the wire
BAND = outside_band.Settings(metric="stance_time", target=0.0, band=0.05)


@dataclass
class Outcome:
    truth: list[FootEvent] = field(default_factory=list)
    findings: list[object] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)  # that the limiter let through
    felt: list[tuple[float, ActuatorChange]] = field(default_factory=list)
    streams: list[LoadCellStream | ImuStream] = field(default_factory=list)

    def times(self, side: Side, kind: EventKind) -> tuple[np.ndarray, np.ndarray]:
        """True and found times of one kind of event, since the start."""
        true_s = [e.time_s for e in self.truth if e.side is side and e.kind is kind]
        found = [f for f in self.findings if isinstance(f, GaitEvent) and f.side is side and f.kind is kind]
        return np.array(true_s), np.array([event.time_s for event in found]) - START_S


class Plate:
    """A plate's wire, both ends."""

    def __init__(self, side: Side) -> None:
        self.name = f"{side.value}_belt"
        settings = sri_m8128.Settings()
        self._emulator, driver = sri_m8128.Emulator(settings), sri_m8128.Driver(settings)
        mounting = CalibrationSettings(axes=["-y", "+x", "+z"], origin_m=[0.1, 0.25, -0.05])
        self._calibration = LoadCellCalibration(mounting)
        self.stream = LoadCellStream(self.name, driver, clock_for(driver), LoadCellCalibration(mounting))
        shake_hands(driver, self._emulator)

    def send(self, walker: Walker, first: int, end: int, received_s: float):
        counts = np.arange(first, end)
        loads = self._calibration.to_sensor(*walker.plate(self.name, counts / 1000.0))
        return self.stream.feed(self._emulator.encode(ForceReadings(counts, *loads)), received_s)


class Pelvis:
    """An IMU's wire, both ends."""

    def __init__(self) -> None:
        settings = xsens_mti.Settings()
        self._emulator, driver = xsens_mti.Emulator(settings), xsens_mti.Driver(settings)
        self.stream = ImuStream("pelvis", driver, clock_for(driver))
        shake_hands(driver, self._emulator)

    def send(self, walker: Walker, count: int, received_s: float):
        return self.stream.feed(self._emulator.encode(walker.imu("pelvis", count / 100.0, count * 100)), received_s)


class Cueing:
    """From findings to what the person feels."""

    def __init__(self, prosthetic_side: Side) -> None:
        settings = vibraforge_v2.Settings()
        self._strategy = outside_band.Strategy(BAND, prosthetic_side)
        self._limiter = Limiter(LimiterSettings())
        self._timer = ActuatorTimer(ActuatorTimerSettings(), vibraforge_v2.Driver(settings))
        self._emulator = vibraforge_v2.Emulator(settings)

    def feed(self, now_s: float, finding: object) -> tuple[list[Cue], list[ActuatorChange]]:
        data = self._timer.due(now_s)
        sent = []
        if isinstance(finding, GaitEvent | Stride | Asymmetry):
            for cue in self._strategy.feed(finding):
                if self._limiter.feed(now_s, cue).is_allowed:
                    sent.append(cue)
                    data += self._timer.feed(now_s, cue)
        self._emulator.feed(data)
        return sent, self._emulator.changes()


def shake_hands(driver, emulator) -> None:
    data = driver.connect()
    while data:
        driver.feed(emulator.feed(data))
        data = driver.pending()
    assert emulator.is_streaming


def run(walker_settings: WalkerSettings, duration_s: float = DURATION_S) -> Outcome:
    prosthetic_side = Side(walker_settings.prosthetic_side)
    walker, outcome = Walker(walker_settings), Outcome()
    plates, pelvis, cueing = [Plate(side) for side in Side], Pelvis(), Cueing(prosthetic_side)
    belts, belt_driver = (part(bertec_classic.Settings()) for part in (bertec_classic.Emulator, bertec_classic.Driver))
    belts.feed(belt_driver.command(BeltSetpoint(1.1, 1.1, 0.25, 0.0)))
    participant = Participant(walker_settings.body_mass_kg, prosthetic_side)
    analyser = Analyser(AnalyserSettings(), participant, Input.SIMULATED, START_S)
    outcome.streams = [pelvis.stream, *(plate.stream for plate in plates)]
    for tick in range(1, round(duration_s / TICK_S) + 1):
        now_s = tick * TICK_S
        speeds = belts.advance(TICK_S)
        outcome.truth += walker.advance(now_s, speeds.left_speed_mps, speeds.right_speed_mps)
        samples: list[object] = [
            plate.send(walker, 5 * tick - 4, 5 * tick + 1, START_S + now_s + DELAY_S) for plate in plates
        ]
        if tick % 2 == 0:
            samples += pelvis.send(walker, tick // 2, START_S + now_s + DELAY_S)
        if tick % 13 == 0:
            readings = belt_driver.feed(belts.encode(speeds))
            samples += [BeltSample(START_S + now_s, r.left_speed_mps, r.right_speed_mps, 0.0) for r in readings]
        findings = [finding for sample in samples if sample is not None for finding in analyser.feed(sample)]
        outcome.findings += findings
        for finding in [*findings, None]:
            sent, changes = cueing.feed(START_S + now_s + DELAY_S, finding)
            outcome.cues += sent
            outcome.felt += [(now_s + DELAY_S, change) for change in changes]
            for change in changes:
                walker.feel(change, now_s + DELAY_S)
    return outcome


@pytest.fixture(scope="module", params=[Side.LEFT, Side.RIGHT], ids=lambda side: side.value)
def walked(request) -> tuple[Side, Outcome]:
    return request.param, run(WalkerSettings(prosthetic_side=request.param.value))


def true_asymmetries(truth: list[FootEvent], prosthetic_side: Side) -> list[Asymmetry]:
    """What the analysis would say of the true events."""
    builders = {side: StrideBuilder(side) for side in Side}
    metrics = [stance_time.Metric(stance_time.Settings())]
    tracker = AsymmetryTracker(metrics, Participant(80.0, prosthetic_side), 10)
    found = []
    for event in truth:
        at_s = event.time_s
        seen = GaitEvent(at_s, at_s, event.side, event.kind, Source.FORCE, 1.0)
        ended = [times for times, _ in (builder.feed(seen) for builder in builders.values()) if times is not None]
        found += [tracker.feed(timed_stride(times)) for times in ended]
    return [asymmetry for asymmetry in found if asymmetry is not None]


def steps(contacts_s: dict[Side, np.ndarray], side: Side) -> np.ndarray:
    other_s = contacts_s[side.other]
    return np.array([t - other_s[other_s < t][-1] for t in contacts_s[side] if t > 12.0])


def stances(contacts_s: np.ndarray, offs_s: np.ndarray) -> np.ndarray:
    return np.array([offs_s[offs_s > t][0] - t for t in contacts_s if 12.0 < t < offs_s[-1]])


def test_no_sample_is_lost_between_walker_and_analysis(walked):
    _, outcome = walked
    assert [stream.health.sample_count for stream in outcome.streams] == [6000, 60000, 60000]
    assert [stream.clock.lost_count + stream.clock.duplicate_count for stream in outcome.streams] == [0, 0, 0]


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("side", Side)
def test_every_true_event_is_found_and_none_invented(walked, side, kind):
    _, outcome = walked
    true_s, found_s = outcome.times(side, kind)
    true_s = true_s[true_s < DURATION_S - 0.1]  # a later one is not confirmed any more
    found_s = found_s[found_s < DURATION_S - 0.1]
    assert len(true_s) > 40
    assert len(found_s) == len(true_s)
    assert np.abs(found_s - true_s).max() < 0.03


def test_asymmetries_are_the_true_ones(walked):
    prosthetic_side, outcome = walked
    contacts_s, offs_s = ({side: outcome.times(side, kind)[0] for side in Side} for kind in EventKind)
    measured = [f for f in outcome.findings if isinstance(f, Asymmetry) and f.time_s > START_S + 12.0]
    for name, of in (
        ("step_time", lambda side: steps(contacts_s, side)),
        ("stance_time", lambda side: stances(contacts_s[side], offs_s[side])),
    ):
        p, s = np.median(of(prosthetic_side)), np.median(of(prosthetic_side.other))
        values = [m.value for asymmetry in measured for m in asymmetry.metrics if m.name == name]
        assert np.median(values) == pytest.approx((s - p) / (s + p), abs=0.01)
        assert abs(np.median(values)) > 0.03  # there was something to find


def test_cues_are_those_that_the_truth_calls_for(walked):
    prosthetic_side, outcome = walked
    strategy = outside_band.Strategy(BAND, prosthetic_side)
    truth = [event for event in outcome.truth if event.time_s < DURATION_S - 0.1]
    expected = [cue for asymmetry in true_asymmetries(truth, prosthetic_side) for cue in strategy.feed(asymmetry)]
    cues = [cue for cue in outcome.cues if cue.event_s < START_S + DURATION_S - 0.1]
    assert len(expected) > 20
    assert [cue.side for cue in cues] == [cue.side for cue in expected]
    assert {cue.side for cue in cues if cue.event_s > START_S + 12.0} == {prosthetic_side}  # once the belt is steady
    for cue, called_for in zip(cues, expected, strict=True):
        assert cue.event_s - START_S == pytest.approx(called_for.event_s, abs=0.03)


def test_every_cue_is_felt_soon_and_ends_by_itself(walked):
    _, outcome = walked
    on = [(time_s, change.side) for time_s, change in outcome.felt if change.intensity > 0.0]
    off_s = [time_s for time_s, change in outcome.felt if change.intensity == 0.0]
    assert [side for _, side in on] == [cue.side for cue in outcome.cues]
    for (time_s, _), cue in zip(on, outcome.cues, strict=True):
        assert 0.0 < time_s + START_S - cue.event_s < 0.03
    for (time_s, _), end_s in zip(on, off_s, strict=False):
        assert end_s - time_s == pytest.approx(BAND.duration_s, abs=2 * TICK_S)


def test_a_walker_who_responds_to_cues_is_cued_less():
    outcome = run(WalkerSettings(cue_response=0.3), 30.0)
    assert 0 < len(outcome.cues) < 8  # one every stride without response
