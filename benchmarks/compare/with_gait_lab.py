# SPDX-License-Identifier: Apache-2.0
"""Our own analysis, one sample after another as live; an IMU's side and mounting are found, not told."""

import math
from collections.abc import Callable

from walks import Columns, Walk

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.detectors import force_contact
from gait_analysis.events import EventFlag, GaitEvent
from gait_analysis.imu_events import foot_rate, lower_back
from gait_analysis.participant import Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ForceSamples, ImuSample, ImuSamples, Side
from gait_session.analyse.command import run as run_walk
from gait_session.plain_file import read_plain_file
from gait_session.plain_walk import PlainWalk, join

BLOCK_COUNT = 100  # force samples fed to the detector at once; what it finds does not depend on it
UNKNOWN = (math.nan,) * 4
DOUBTFUL = EventFlag.IRREGULAR | EventFlag.INTERPOLATION_FAR  # an IMU event that is left out of every metric


def _rows(events: list[GaitEvent], walk: Walk, is_sided: bool) -> list[tuple]:
    side = {Side.LEFT: "left", Side.RIGHT: "right"} if is_sided else dict.fromkeys(Side, walk.side)
    return [(event.time_s, side[event.side], event.kind.value, int(bool(event.flags & DOUBTFUL))) for event in events]


def _plain(walk: Walk, columns: Columns) -> PlainWalk:
    streams = dict(zip(Side, AnalyserSettings().force_streams, strict=True))
    return join([read_plain_file(columns.path)], Side(walk.side or "left"), None, streams)


def whole(state_rate_hz: float) -> Callable[[Walk, Columns], Callable[[], list[tuple]]]:
    """Return the whole analysis of both plates or of one foot: events, strides, what follows from them, and states."""

    def prepare(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
        plain, settings = _plain(walk, columns), AnalyserSettings(state_rate_hz=state_rate_hz)
        participant = Participant(walk.body_mass_kg, None)

        def run() -> list[tuple]:
            results = list(run_walk(plain, participant, settings))
            return _rows([each for each in results if isinstance(each, GaitEvent)], walk, walk.kind == "force")

        return run

    return prepare


def force(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what runs the detectors of both plates alone."""
    plates = _plain(walk, columns).forces
    weight_n = walk.body_mass_kg * STANDARD_GRAVITY_MPS2

    def of(side: Side, samples: ForceSamples) -> list[GaitEvent]:
        detector = force_contact.Detector(force_contact.Settings(), side, weight_n)
        starts = range(0, len(samples.time_s), BLOCK_COUNT)
        changes = [change for first in starts for change in detector.feed(cut(samples, first, first + BLOCK_COUNT))]
        return [change.event for change in changes if change.event]

    return lambda: _rows([event for side, samples in plates.items() for event in of(side, samples)], walk, True)


def foot(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what runs the detector of one foot."""
    rows = columns.measured().tolist()

    def run() -> list[tuple]:
        detector = foot_rate.Detector(foot_rate.Settings(), Side.LEFT)
        events: list[GaitEvent] = []
        for time_s, ax, ay, az, wx, wy, wz in rows:
            events += detector.feed(ImuSample("foot", time_s, (ax, ay, az), (wx, wy, wz), UNKNOWN))
        return _rows(events, walk, False)

    return run


def foot_at_once(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what runs the same over the whole recording at once."""
    samples = ImuSamples("foot", [(*row, *UNKNOWN) for row in columns.measured().tolist()])
    return lambda: _rows(foot_rate.Detector(foot_rate.Settings(), Side.LEFT).feed(samples), walk, False)


def back(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what runs the detector of the lower back, sample by sample."""
    rows = columns.measured().tolist()

    def run() -> list[tuple]:
        detector = lower_back.Detector(lower_back.Settings())
        events: list[GaitEvent] = []
        for time_s, ax, ay, az, wx, wy, wz in rows:
            events += detector.feed(ImuSample("pelvis", time_s, (ax, ay, az), (wx, wy, wz), UNKNOWN))
        return _rows(events, walk, False)

    return run


def back_at_once(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what runs the same over the whole recording at once."""
    readings = columns.measured()
    return lambda: _rows(lower_back.Detector(lower_back.Settings()).feed_readings(readings), walk, False)


PIPELINES = {
    "foot": {"ours: events": foot, "ours: events, offline": foot_at_once, "ours: whole analysis": whole(0.0)},
    "back": {"ours: events": back, "ours: events, offline": back_at_once},
    "force": {"ours: events": force, "ours: whole analysis": whole(0.0), "ours: whole, states at 200 Hz": whole(200.0)},
}
