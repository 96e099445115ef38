# SPDX-License-Identifier: Apache-2.0
"""Initial contacts of both feet from one IMU on the lower back, mounted anyhow: the last resort.

A landing is a jolt (see ``jolts``) that is not much lower than the person's usual one,
with the upward swing that walking has and arm work has not. Walking is ``least_steps`` landings in a row, each within
``longest_step_s`` of the one before; until then none is told, and the first ones of a bout are told together, late.
Outside of bouts nothing is told. Which foot it was says ``pelvis_sides``.

``detected_s`` is in steps of 0.1 s of samples: landings are known some 0.3 s after they happen. That is too late for a
cue within the same stance phase, but not for counting steps, cadence, and a stride's record.

Confidence is 0.7, in proportion less for a jolt lower than the person's usual one; 0.3 at most and IRREGULAR where the
side is not sure: forward is not known yet, or the same side as the landing before; half, and INTERPOLATION_FAR, where
samples are missing next to it.

Source: a bout of walking has four steps at least and ends with a rest of 3 s, Kluge et al. 2021 (doi
10.1371/journal.pone.0256541); the fastest walkers have 2.5 steps a second (0.4 s, or 0.3 in an irregular step).
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.imu_events.jolts import RATE_HZ, Jolt, Jolts
from gait_analysis.imu_events.pelvis_sides import PelvisSides
from gait_analysis.imu_events.worn import HIGHEST_MPS2, HIGHEST_RADPS, is_measured
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Array, ImuRow, ImuSample, ImuSamples, Side

BLOCK = 10  # samples, 0.1 s: how often jolts are sought
FAR_S = 0.05  # sensors send at 50 Hz and above: samples are missing in a longer interval
GAPS_KEPT_S = 3.0  # a jolt is known sooner
USUAL_COUNT = 7  # landings
SURE, UNSURE = 0.7, 0.3  # confidence


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the lower back's detector."""

    least_jolt_mps2: float = setting(0.15, "lower is no landing; standing has up to 0.1", low=0.05, high=2.0)
    usual_share: float = setting(0.3, "of the person's usual jolt; lower is no landing", low=0.0, high=0.8)
    least_swing_mps2: float = setting(
        0.4, "upward within a second; 0.01 m up and down once a second has it", low=0.0, high=3.0
    )
    shortest_step_s: float = setting(0.3, "sooner after a landing comes no other", low=0.2, high=0.6)
    longest_step_s: float = setting(3.0, "without a landing for longer, the bout is over", low=0.8, high=5.0)
    least_steps: int = setting(4, "landings in a row are walking", low=2, high=20)
    max_gap_s: float = setting(0.25, "longer without a sample, nothing is known", low=0.02, high=0.3)


class Detector:
    """Contacts of both feet; see the module. What comes out depends on the samples alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sides = PelvisSides()
        self._gaps_s: deque[tuple[float, float]] = deque()  # bridged, of the last seconds
        self._rows: list[ImuRow] = []  # not used up: time, specific force, angular rate
        self._walks: bool | None = None  # as told; None: never
        self._newest_s = -math.inf
        self._restart()

    @property
    def is_walking(self) -> bool:
        """Whether the newest samples are in a bout; it ends ``longest_step_s`` after its last contact."""
        return bool(self._walks)

    @property
    def left(self) -> None:
        """Not told by this sensor."""
        return None

    @property
    def is_learning(self) -> bool:
        """Whether earlier contacts are found once the mounting is known: no, contacts do not wait for it."""
        return False

    @property
    def reason(self) -> str:
        """Why no contact can be found now; empty in a bout."""
        return "" if self.is_walking else "no walking: too few landings in a row"

    def feed(self, sample: ImuSample | ImuSamples) -> list[GaitEvent]:
        """Take the next samples; return the events that they tell. One that is no measurement is left out."""
        measured = list(filter(is_measured, sample.rows))
        return [event for _, events in self.follow(measured) for event in events]

    def follow(self, rows: list[ImuRow]) -> Iterator[tuple[float, list[GaitEvent]]]:
        """Take the next rows that are measurements, see ``is_measured``; one not later than the last is left out.

        Yield the time of each that tells events or another ``reason``, and the events.
        """
        max_gap_s = self._settings.max_gap_s
        for row in rows:
            time_s = row[0]
            if not time_s > self._newest_s:
                continue
            if time_s - self._newest_s > max_gap_s:
                yield from self._use_up()
                self._restart()
                yield from self._tell(time_s, [])
            self._newest_s = time_s
            self._rows.append(row[:7])
        yield from self._use_up()

    def _use_up(self) -> Iterator[tuple[float, list[GaitEvent]]]:
        """Yield, as ``follow``, what the waiting rows tell."""
        rows = self._rows
        for told_s, jolt in self._take(np.array(rows)) if rows and self._newest_s >= self._due_s else []:
            yield from self._leave(rows, told_s)
            yield from self._tell(told_s, self._land(jolt, told_s))
        yield from self._leave(rows, math.inf)

    def _leave(self, rows: list[ImuRow], until_s: float) -> Iterator[tuple[float, list[GaitEvent]]]:
        """Yield the end of a bout before ``until_s``."""
        if self._walks:
            longest_s, last_s = self._settings.longest_step_s, self._last_s
            number = bisect_right(rows, longest_s, key=lambda row: row[0] - last_s)
            if number < len(rows) and rows[number][0] < until_s:
                yield from self._tell(rows[number][0], [])

    def _tell(self, time_s: float, events: list[GaitEvent]) -> Iterator[tuple[float, list[GaitEvent]]]:
        walks = self._is_bout and time_s - self._last_s <= self._settings.longest_step_s
        if events or walks is not self._walks:
            self._walks = walks
            yield time_s, events

    def feed_readings(self, readings: Array) -> list[GaitEvent]:
        """Take readings [n, 7] (time, specific force, angular rate); what ``feed`` does with them, faster."""
        sizes = np.abs(readings)
        is_measured = (sizes[:, 1:4] < HIGHEST_MPS2).all(axis=1) & (sizes[:, 4:] < HIGHEST_RADPS).all(axis=1)
        rows = readings[is_measured]
        newest_s = np.maximum.accumulate(np.concatenate([[self._newest_s], rows[:, 0]]))[:-1]
        is_later = rows[:, 0] > newest_s
        rows, newest_s = rows[is_later], newest_s[is_later]
        events: list[GaitEvent] = []
        for part in np.split(rows, np.flatnonzero(rows[:, 0] - newest_s > self._settings.max_gap_s)):
            if not len(part):
                continue
            if part[0, 0] - self._newest_s > self._settings.max_gap_s:
                self._restart()
            self._newest_s = float(part[-1, 0])
            told = self._take(np.concatenate([np.array(self._rows).reshape(-1, 7), part]))
            events += [event for told_s, jolt in told for event in self._land(jolt, told_s)]
        for _ in self._tell(self._newest_s, []):  # whether it walks now
            pass
        return events

    def _restart(self) -> None:
        """Begin anew with the next sample: samples are missing before it."""
        self._rows = []
        self._jolts = Jolts(self._settings.least_jolt_mps2)
        self._begin_s = math.nan  # time of the first evenly spaced sample
        self._used = 0  # evenly spaced samples fed to the jolts
        self._due_s = -math.inf  # when the next block is complete
        self._end_bout()

    def _end_bout(self) -> None:
        self._is_bout = False
        self._last_s = -math.inf  # of the last landing
        self._waiting: list[tuple[Jolt, bool]] = []  # landings not told yet; whether samples are missing there
        self._heights_mps2: deque[float] = deque(maxlen=USUAL_COUNT)
        self._last_side: Side | None = None
        self._sides.begin()

    def _take(self, rows: Array) -> list[tuple[float, Jolt]]:
        """Use up all complete blocks of ``rows`` [n, 7]; return their jolts, and when each is told."""
        times_s = rows[:, 0]
        if math.isnan(self._begin_s):
            self._begin_s = float(times_s[0])
        ends_s = self._ends_s(float(times_s[-1]))
        jolts: list[tuple[float, Jolt]] = []
        if len(ends_s):
            count = len(ends_s) * BLOCK
            grid_s = self._begin_s + np.arange(self._used, self._used + count) / RATE_HZ
            after = np.maximum(times_s.searchsorted(grid_s), 1)
            share = ((grid_s - times_s[after - 1]) / (times_s[after] - times_s[after - 1]))[:, None]
            even = (1.0 - share) * rows[after - 1, 1:] + share * rows[after, 1:]
            self._note_gaps(times_s)
            told_s = times_s[times_s.searchsorted(ends_s)]
            found = self._jolts.feed(even)
            jolts = [(float(told_s[(jolt.told - self._used) // BLOCK]), jolt) for jolt in found]
            self._used += count
            rows = rows[int(times_s.searchsorted(grid_s[-1], "right")) - 1 :]
        self._rows = [(a, b, c, d, e, f, g) for a, b, c, d, e, f, g in rows.tolist()]
        self._due_s = self._begin_s + (self._used + BLOCK - 1) / RATE_HZ
        return jolts

    def _ends_s(self, newest_s: float) -> Array:
        """Return the times of the last samples of the blocks that are complete."""
        most = max(int((newest_s - self._begin_s) * RATE_HZ) + 2 - self._used, 0) // BLOCK
        ends_s: Array = self._begin_s + (self._used + BLOCK * np.arange(1, most + 1) - 1) / RATE_HZ
        return ends_s[ends_s <= newest_s]

    def _note_gaps(self, times_s: Array) -> None:
        while self._gaps_s and self._gaps_s[0][1] < times_s[0] - GAPS_KEPT_S:
            self._gaps_s.popleft()
        is_far = times_s[1:] - times_s[:-1] > FAR_S
        for index in is_far.nonzero()[0].tolist():
            self._gaps_s.append((float(times_s[index]), float(times_s[index + 1])))

    def _land(self, jolt: Jolt, detected_s: float) -> list[GaitEvent]:
        """Return the contacts that are known with ``jolt``."""
        settings = self._settings
        time_s = self._time_s(jolt)
        if time_s - self._last_s > settings.longest_step_s:
            self._end_bout()
        usual_mps2 = median(self._heights_mps2) if self._heights_mps2 else 0.0
        is_high = jolt.height_mps2 >= settings.usual_share * usual_mps2
        if not is_high or jolt.swing_mps2 < settings.least_swing_mps2:
            return []
        if time_s - self._last_s < settings.shortest_step_s:
            return []
        self._last_s = time_s
        self._heights_mps2.append(jolt.height_mps2)
        told_s = self._begin_s + jolt.told / RATE_HZ  # up to there samples say when it landed
        is_far = any(begin_s < told_s and time_s < end_s + FAR_S for begin_s, end_s in self._gaps_s)
        self._waiting.append((jolt, is_far))
        self._is_bout = self._is_bout or len(self._waiting) >= settings.least_steps
        if not self._is_bout:
            return []
        landings, self._waiting = self._waiting, []
        for landing, _ in landings:
            self._sides.learn(landing.change_mps2)
        return [self._event(landing, is_far, usual_mps2, detected_s) for landing, is_far in landings]

    def _event(self, jolt: Jolt, is_far: bool, usual_mps2: float, detected_s: float) -> GaitEvent:
        side = self._sides.side_of(jolt.change_mps2, jolt.up)
        confidence, flags, reasons = SURE * min(1.0, jolt.height_mps2 / max(usual_mps2, 1e-9)), EventFlag.NONE, []
        if not self._sides.is_sure:
            reasons.append("which foot is a guess: it is not clear yet which way the person walks")
        elif side is self._last_side:
            reasons.append("the same foot as before: a contact may be missing")
        self._last_side = side
        if reasons:
            confidence, flags = min(confidence, UNSURE), EventFlag.IRREGULAR
        if is_far:
            confidence, flags = 0.5 * confidence, flags | EventFlag.INTERPOLATION_FAR
            reasons.append("samples are missing beside it")
        kind, source = EventKind.INITIAL_CONTACT, Source.IMU
        time_s, reason = self._time_s(jolt), "; ".join(reasons)
        return GaitEvent(time_s, detected_s, side, kind, source, confidence, flags, reason=reason)

    def _time_s(self, jolt: Jolt) -> float:
        return self._begin_s + jolt.index / RATE_HZ
