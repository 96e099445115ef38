# SPDX-License-Identifier: Apache-2.0
"""Can a stream be trusted now? Judged from what its wire, its driver, its clock and its values show.

Counts are since the start; what is judged is the last ``WINDOW_S``, so that a healed stream turns green again.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from gait_parts.settings import Settings, setting
from gait_sensing.clocks.device_clock import ClockCounts
from gait_sensing.driver import WireCounts
from gait_sensing.wires.reader import WireHealth

WINDOW_S = 10.0
MIN_RATE_SPAN_S = 2.0  # before that, bursts make a rate uncertain
RATE_AMBER, RATE_RED = 0.02, 0.10  # no unit; relative error of the rate
LOST_RED = 0.05  # no unit; share of samples
JITTER_AMBER_S = 0.1
UNCOUNTED_GAP_S = 0.06  # without a counter, stamps of one burst may lie this far apart and nothing be missing


class Level(Enum):
    """How grave; values as in diagnostic_msgs/DiagnosticStatus."""

    GREEN = 0
    AMBER = 1
    RED = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a stream."""

    level: Level
    text: str
    advice: str  # what to do about it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, worst first, and the numbers behind it."""

    findings: tuple[Finding, ...]
    values: dict[str, float]

    @property
    def level(self) -> Level:
        """The level of the gravest finding."""
        return self.findings[0].level if self.findings else Level.GREEN

    @property
    def text(self) -> str:
        """All findings in words; "" when there are none."""
        return "; ".join(finding.text for finding in self.findings)

    @property
    def advice(self) -> str:
        """What to do about the gravest finding."""
        return self.findings[0].advice if self.findings else ""


@dataclass(frozen=True)
class HealthSettings(Settings):
    """When a stream is called ill; part of every sensor's block."""

    stale_s: float = setting(0.5, "newest sample older than this: stale", low=0.05, high=60.0)
    stuck_s: float = setting(1.0, "every value the same to the bit for this long: stuck", low=0.1, high=60.0)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    now_s: float
    received_s: float
    counts: dict[str, float]


@dataclass
class StreamHealth:
    """Watches one stream of samples ``sample_interval_s`` apart, with ``limits`` on the magnitude of each value.

    ``is_counted`` says that the device has a counter, so that missing samples show in the stamps.
    """

    sample_interval_s: float
    limits: Sequence[float]
    is_counted: bool
    settings: HealthSettings = field(default_factory=HealthSettings)
    sample_count: int = 0
    gap_count: int = 0
    longest_gap_s: float = 0.0

    def __post_init__(self) -> None:
        self._last_s = self._received_s = math.nan
        self._last_values: Sequence[float] = ()
        self._changed_s = math.nan  # stamp since which the values are what they are
        self._out_of_range = ""
        self._out_of_range_s = -math.inf
        self._lateness_s = (math.inf, -math.inf)  # least and most since the last judgement
        self._snapshots: deque[_Snapshot] = deque()

    def feed(
        self, n: int, last_s: float, received_s: float, values: Sequence[float], extremes: Sequence[float]
    ) -> None:
        """Take what one read completed: ``n`` samples, the newest stamped ``last_s``.

        ``values`` are those of the newest sample, ``extremes`` the largest magnitudes of all ``n``.
        """
        self.sample_count += n
        step_s = last_s - self._last_s
        allowed_s = (n + 0.5) * self.sample_interval_s
        if step_s > (allowed_s if self.is_counted else allowed_s + UNCOUNTED_GAP_S):
            self.gap_count += 1
            self.longest_gap_s = max(self.longest_gap_s, step_s - n * self.sample_interval_s)
        self._last_s, self._received_s = last_s, received_s
        late_s = received_s - last_s
        least_s, most_s = self._lateness_s
        self._lateness_s = (min(least_s, late_s), max(most_s, late_s))
        if values != self._last_values:
            self._last_values, self._changed_s = values, last_s
        for place, (extreme, limit) in enumerate(zip(extremes, self.limits, strict=True)):
            if extreme > limit:
                self._out_of_range_s = received_s
                self._out_of_range = f"value {place + 1} of {len(self.limits)} read {extreme:g}, beyond {limit:g}"

    def judge(
        self,
        now_s: float,
        wire: WireHealth,
        counts: WireCounts,
        clock: ClockCounts,
        findings: Iterable[Finding] = (),
        values: Mapping[str, float] = MappingProxyType({}),
    ) -> Verdict:
        """Return the verdict at ``now_s``; ``findings`` and ``values`` are those of others on the same stream."""
        totals = {
            "sample_count": self.sample_count,
            "lost_count": clock.lost_count,
            "duplicate_count": clock.duplicate_count,
            "gap_count": self.gap_count,
            "bad_checksum_count": counts.bad_checksum_count,
            "resync_count": counts.resync_count,
            "bytes_dropped_count": counts.bytes_dropped_count,
            "device_error_count": counts.device_error_count,
            "open_count": wire.open_count,
            "device_restart_count": clock.restart_count,
            "clock_step_count": clock.step_count,
        }
        before = self._before(_Snapshot(now_s, self._received_s, dict(totals)))
        recent = {name: count - before.counts[name] for name, count in totals.items()}
        recent["open_count"] = max(0, min(recent["open_count"], wire.open_count - 1))  # the first opening is none
        span_s = self._received_s - before.received_s
        rate_hz = recent["sample_count"] / span_s if span_s >= MIN_RATE_SPAN_S else math.nan
        least_s, most_s = self._lateness_s
        jitter_s = most_s - least_s if most_s >= least_s else math.nan
        self._lateness_s = (math.inf, -math.inf)
        age_s = now_s - self._last_s
        found = [
            *self._on_presence(wire, age_s),
            *self._on_values(now_s),
            *([] if recent["open_count"] else self._on_rate(rate_hz)),  # nothing came while the wire was off
            *_on_counts(recent, jitter_s),
            *findings,
        ]
        found.sort(key=lambda finding: -finding.level.value)
        numbers = {
            "rate_hz": rate_hz,
            "nominal_rate_hz": 1.0 / self.sample_interval_s,
            "age_s": age_s,
            "jitter_s": jitter_s,
            "longest_gap_s": self.longest_gap_s,
        }
        return Verdict(tuple(found), {**numbers, **totals, **values})

    def _before(self, snapshot: _Snapshot) -> _Snapshot:
        """Remember ``snapshot``; return the one that the judged window begins with."""
        snapshots = self._snapshots
        if snapshots and snapshot.now_s < snapshots[-1].now_s:
            snapshots.clear()  # the host clock was set back
        snapshots.append(snapshot)
        while len(snapshots) > 2 and (
            snapshots[1].now_s <= snapshot.now_s - WINDOW_S or math.isnan(snapshots[0].received_s)
        ):
            snapshots.popleft()  # too old, or of before the first sample
        first = snapshots[0]
        return first if len(snapshots) > 1 else _Snapshot(first.now_s, math.nan, first.counts)

    def _on_presence(self, wire: WireHealth, age_s: float) -> list[Finding]:
        if not wire.is_connected:
            why = wire.error or "not opened yet"
            return [
                Finding(Level.RED, f"not connected: {why}", "is it plugged in, switched on, and is this its address?")
            ]
        if self.sample_count == 0:
            advice = "the wire is open: compare driver, baud rate and device settings with its page in docs/hardware"
            return [Finding(Level.RED, "no samples", advice)]
        if not age_s <= self.settings.stale_s:
            return [
                Finding(Level.RED, f"newest sample is {age_s:.1f} s old", "is the device asleep, or its cable loose?")
            ]
        return []

    def _on_values(self, now_s: float) -> list[Finding]:
        found = []
        if self._last_s - self._changed_s >= self.settings.stuck_s:
            text = f"stuck: every value the same for {self._last_s - self._changed_s:.1f} s"
            found.append(Finding(Level.RED, text, "a sensor has noise: switch it off and on, and look at its cable"))
        if now_s - self._out_of_range_s <= WINDOW_S:
            advice = "overloaded, broken, or scaled wrongly: compare units and calibration with the data sheet"
            found.append(Finding(Level.RED, f"out of range: {self._out_of_range}", advice))
        return found

    def _on_rate(self, rate_hz: float) -> list[Finding]:
        error = abs(rate_hz * self.sample_interval_s - 1.0)
        if math.isnan(error) or error <= RATE_AMBER:
            return []
        text = f"{rate_hz:.1f} samples a second, {1.0 / self.sample_interval_s:g} expected"
        advice = "set rate_hz to what the device sends, or the device to rate_hz; is the baud rate high enough?"
        return [Finding(Level.RED if error > RATE_RED else Level.AMBER, text, advice)]


def _on_counts(recent: dict[str, float], jitter_s: float) -> list[Finding]:
    lost_share = recent["lost_count"] / max(1.0, recent["lost_count"] + recent["sample_count"])
    cable = "look at cable, plugs, and what else shares the adapter"
    rules = (
        ("lost_count", Level.RED if lost_share > LOST_RED else Level.AMBER, "samples lost", cable),
        ("duplicate_count", Level.AMBER, "samples came twice or late", "does the device send at rate_hz?"),
        ("bad_checksum_count", Level.AMBER, "frames failed their check", f"noise on the line: {cable}"),
        ("resync_count", Level.AMBER, "times bytes were skipped to find the next frame", f"noise on the line: {cable}"),
        ("device_error_count", Level.AMBER, "errors told by the device", "see its page in docs/hardware"),
        ("open_count", Level.AMBER, "times reconnected", cable),
        ("device_restart_count", Level.AMBER, "times the device began to count anew", "is its power supply steady?"),
        (
            "clock_step_count",
            Level.AMBER,
            "steps of the clock",
            "is this computer's clock being set? use NTP that slews",
        ),
    )
    found = [
        Finding(level, f"{recent[name]:.0f} {text} in {WINDOW_S:.0f} s", advice)
        for name, level, text, advice in rules
        if recent[name] > 0
    ]
    if jitter_s > JITTER_AMBER_S:
        text = f"samples came up to {1e3 * jitter_s:.0f} ms late"
        found.append(Finding(Level.AMBER, text, "a busy computer, or an adapter that holds bytes back"))
    return found
