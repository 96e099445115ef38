# SPDX-License-Identifier: Apache-2.0
"""Watches the walker beside the gate's own watch over its inputs: plates, harness, missteps, and a stop switch.

What is found is a warning, or a cause to bring the belts to rest; the gate latches it. A sensor that was never heard is
named in ``untold`` and not watched; one that was heard must go on being heard. A sample counts from its stamp, and one
older than a sensor may be silent is none. Loads are judged as shares of the body weight that the session tells, and not
at all while it is not known.

- *edge*: the centre of pressure of all plates together, while they bear somebody, near or beyond the margins. It is
  that of the feet: at each step it goes from the foot that lands to the toes that leave, half a step to either side of
  the body.
- *gone*: plates that bore somebody since the arming bear nobody for ``gone_s``. Feet of runners are off the ground for
  0.1 to 0.2 s (Novacheck 1998, Gait Posture 7:77), and of somebody who stumbles not much longer.
- *harness*: bears a share of the weight that only somebody who hangs in it leaves to it.
- *missteps*: flags of the gait events, of those told by force alone; each kind is counted over a window. While a plate
  falls silent and comes back, other sensors stand in, and events come out of sequence: these are no missteps.
- *stop switch*: whoever publishes it says again and again that belts may run. Silence is a stop.

A finding about a load or a place must hold for ``HOLD_S``, so that one bad sample stops nothing.
"""

import math
from collections import deque
from dataclasses import dataclass

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.belt_gate.limits import LONGEST_S
from gait_sensing.belt_gate.states import HarnessLoad, Level, Misstep, PlateLoad, Reason, StopInput, Walker

Observation = Walker | PlateLoad | HarnessLoad | Misstep | StopInput
HOLD_S = 0.05
SEEN_SHARE = 0.5  # of body weight: somebody is on the plates
WHOLE_S = 2.0  # that all plates must have been heard for a misstep to count: more than a stride
PLACE_S = 2.0  # without any centre of pressure the plates cannot tell of one


@dataclass(frozen=True)
class SupervisorSettings(parts.Settings):
    """Where the walker shall be, and what counts as losing them. Lengths are forward of mid-treadmill."""

    plates: list[str] = setting(["left_belt", "right_belt"], "load cells under the belts; [] for none")
    harness: str = setting("harness", "load cell in the harness")
    front_m: float = setting(0.75, "centre of pressure beyond which the belts come to rest", low=0.2, high=3.0)
    rear_m: float = setting(-0.75, "centre of pressure behind which the belts come to rest", low=-3.0, high=-0.2)
    warning_m: float = setting(0.15, "a warning is given this far inside of both", low=0.0, high=1.0)
    bearing_share: float = setting(0.2, "of body weight: least load whose place counts", low=0.05, high=0.8)
    gone_share: float = setting(0.1, "of body weight: least load of somebody who is there", low=0.02, high=0.4)
    gone_s: float = setting(0.6, "longest time that nobody bears on the plates", low=0.2, high=2.0)
    harness_share: float = setting(
        0.5, "of body weight: most that a harness bears; more where it relieves the walker", low=0.1, high=2.0
    )
    stumble_count: int = setting(
        3, "landings out of sequence within the window that end the walk; a stumble makes two", low=1, high=50
    )
    cross_step_count: int = setting(4, "cross steps within the window that end the walk", low=1, high=50)
    misstep_window_s: float = setting(10.0, "over which missteps are counted", low=1.0, high=60.0)
    sensor_stale_s: float = setting(0.2, "longest silence of a sensor that was heard", low=0.05, high=LONGEST_S)
    stop_input_stale_s: float = setting(
        0.2, "longest silence of a stop switch that was heard", low=0.05, high=LONGEST_S
    )
    requires_stop_input: bool = setting(False, "refuse to arm until a stop switch is heard")


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning, or a cause to stop."""

    level: Level
    reason: Reason
    text: str


class Supervisor:
    """``feed`` takes what sensors tell, ``findings`` says what is wrong now."""

    def __init__(self, settings: SupervisorSettings) -> None:
        """Begin with nothing heard."""
        self._settings = settings
        self._weight_n, self._is_on_belts = math.nan, True
        self._plates: dict[str, tuple[float, PlateLoad]] = {}  # newest, and when it was heard
        self._harness: tuple[float, float] | None = None
        self._stop_input: tuple[float, bool] | None = None
        self._missteps: dict[Reason, deque[float]] = {Reason.STUMBLE: deque(), Reason.CROSS_STEPS: deque()}
        self._since_s: dict[tuple[Reason, Level], float] = {}  # what holds, and since when
        self._is_seen = False  # somebody was on the plates since the belts began to move
        self._has_moved = False  # the belts did, since the arming
        self._placed_s = -math.inf  # when the plates last told a place
        self._whole_since_s = math.inf  # since when all plates are heard

    def feed(self, now_s: float, thing: Observation) -> None:
        """Take one thing; a load that is no number, or too old or ahead by its stamp, tells nothing."""
        if isinstance(thing, Walker):
            is_weight = 0.0 < thing.weight_n < math.inf
            self._weight_n, self._is_on_belts = thing.weight_n if is_weight else math.nan, thing.is_on_belts
        elif isinstance(thing, PlateLoad):
            if thing.name in self._settings.plates and self._tells(thing):
                self._plates[thing.name] = (now_s - max(0.0, thing.age_s), thing)
        elif isinstance(thing, HarnessLoad):
            if self._tells(thing):
                self._harness = (now_s - max(0.0, thing.age_s), abs(thing.load_n))
        elif isinstance(thing, Misstep):
            if now_s - self._whole_since_s < WHOLE_S:
                return
            self._missteps[Reason.CROSS_STEPS if thing.is_cross_step else Reason.STUMBLE].append(now_s)
        else:
            self._stop_input = (now_s, thing.may_run)

    def begin(self) -> None:
        """An operator has armed: what happened before is done with."""
        self._is_seen = self._has_moved = False
        self._since_s.clear()
        for times_s in self._missteps.values():
            times_s.clear()

    def forget_times(self) -> None:
        """The clock went back: nothing heard so far is fresh, nothing has held for any time."""
        self._plates = {name: (-math.inf, plate) for name, (_, plate) in self._plates.items()}
        self._harness = self._harness and (-math.inf, self._harness[1])
        self._stop_input = self._stop_input and (-math.inf, self._stop_input[1])
        self._placed_s, self._whole_since_s = -math.inf, math.inf
        self._since_s.clear()
        for times_s in self._missteps.values():
            times_s.clear()

    def findings(self, now_s: float, is_moving: bool) -> list[Finding]:
        """Return what is wrong at ``now_s``; whether the belts move by command decides whether anybody can be gone."""
        self._whole_since_s = math.inf if self._fresh(now_s) is None else min(self._whole_since_s, now_s)
        found = [self._switch(now_s)]
        if self._is_on_belts:
            found += [*self._silent(now_s), self._hanging(now_s), self._gone(now_s, is_moving), self._at_edge(now_s)]
            found += [self._repeated(now_s, reason) for reason in self._missteps]
        return [finding for finding in found if finding is not None]

    def untold(self, now_s: float) -> str:
        """Return what nobody can tell now, so that it is not watched; empty when all is."""
        has_plates, has_weight = self._load_n(now_s) is not None, math.isfinite(self._weight_n)
        here = self._is_on_belts
        has_place = now_s - self._placed_s <= PLACE_S
        missing = (
            ("place", here and has_plates and has_place),
            ("presence", here and has_plates and has_weight and (self._is_seen or not self._has_moved)),
            ("missteps", here and has_plates),
            ("harness", here and self._harness is not None and has_weight),
            ("stop switch", self._stop_input is not None),
        )
        return ", ".join(name for name, is_told in missing if not is_told)

    def _switch(self, now_s: float) -> Finding | None:
        limit_s = self._settings.stop_input_stale_s
        if self._stop_input is None:
            is_missing = self._settings.requires_stop_input
            return Finding(Level.STOP, Reason.STOP_INPUT, "no stop switch is heard") if is_missing else None
        heard_s, may_run = self._stop_input
        if not now_s - heard_s <= limit_s:
            return Finding(Level.STOP, Reason.STOP_INPUT, f"the stop switch was not heard for more than {limit_s:g} s")
        return None if may_run else Finding(Level.STOP, Reason.STOP_INPUT, "the stop switch is pressed")

    def _silent(self, now_s: float) -> list[Finding]:
        """Without any plate nobody knows that somebody is there; with one of two, most of it is known."""
        limit_s, found = self._settings.sensor_stale_s, []
        silent = [name for name, (heard_s, _) in self._plates.items() if not now_s - heard_s <= limit_s]
        if silent:
            level = Level.RAMP_DOWN if len(silent) == len(self._plates) else Level.WARN
            text = f"no samples of {', '.join(sorted(silent))} for more than {limit_s:g} s"
            found.append(Finding(level, Reason.SENSOR_SILENT, text))
        if self._harness and not now_s - self._harness[0] <= limit_s:
            text = f"no samples of {self._settings.harness} for more than {limit_s:g} s"
            found.append(Finding(Level.RAMP_DOWN, Reason.SENSOR_SILENT, text))
        return found

    def _hanging(self, now_s: float) -> Finding | None:
        share = self._harness[1] / self._weight_n if self._harness else math.nan
        limit = self._settings.harness_share
        if self._held_s(Reason.HARNESS_LOAD, Level.STOP, now_s, share > limit) < HOLD_S:
            return None
        text = f"the harness bears {share:.2f} of body weight, allowed {limit:g}"
        return Finding(Level.STOP, Reason.HARNESS_LOAD, text)

    def _gone(self, now_s: float, is_moving: bool) -> Finding | None:
        load_n, settings = self._load_n(now_s), self._settings
        share = math.nan if load_n is None else load_n / self._weight_n
        self._is_seen |= is_moving and share > SEEN_SHARE
        self._has_moved |= is_moving
        is_bare = self._is_seen and share < settings.gone_share
        if self._held_s(Reason.WALKER_GONE, Level.STOP, now_s, is_bare) <= settings.gone_s:
            return None
        return Finding(Level.STOP, Reason.WALKER_GONE, f"nobody was on the plates for {settings.gone_s:g} s")

    def _at_edge(self, now_s: float) -> Finding | None:
        settings, ahead_m = self._settings, self._ahead_m(now_s)
        if math.isfinite(ahead_m):
            self._placed_s = now_s
        out_m = max(ahead_m - settings.front_m, settings.rear_m - ahead_m)  # NaN while nobody knows
        text = f"the feet press at {ahead_m:.2f} m, allowed {settings.rear_m:g} to {settings.front_m:g} m"
        level = None
        for grade, slack_m in ((Level.WARN, settings.warning_m), (Level.RAMP_DOWN, 0.0)):
            if self._held_s(Reason.WALKER_AT_EDGE, grade, now_s, out_m > -slack_m) >= HOLD_S:
                level = grade
        return None if level is None else Finding(level, Reason.WALKER_AT_EDGE, text)

    def _repeated(self, now_s: float, reason: Reason) -> Finding | None:
        """Half of the number that ends the walk is a warning."""
        settings, times_s = self._settings, self._missteps[reason]
        while times_s and now_s - times_s[0] > settings.misstep_window_s:
            times_s.popleft()
        is_stumble = reason is Reason.STUMBLE
        most = settings.stumble_count if is_stumble else settings.cross_step_count
        if not times_s or len(times_s) < 0.5 * most:
            return None
        what = "steps out of sequence" if is_stumble else "cross steps"
        text = f"{len(times_s)} {what} within {settings.misstep_window_s:g} s, allowed fewer than {most}"
        return Finding(Level.RAMP_DOWN if len(times_s) >= most else Level.WARN, reason, text)

    def _held_s(self, reason: Reason, level: Level, now_s: float, is_true: bool) -> float:
        """Return for how long something has been so; -1 when it is not."""
        if not is_true:
            self._since_s.pop((reason, level), None)
            return -1.0
        return now_s - self._since_s.setdefault((reason, level), now_s)

    def _tells(self, load: PlateLoad | HarnessLoad) -> bool:
        return math.isfinite(load.load_n) and abs(load.age_s) <= self._settings.sensor_stale_s  # false for NaN

    def _fresh(self, now_s: float) -> list[PlateLoad] | None:
        """Return what all plates tell; None while one of them does not."""
        limit_s = self._settings.sensor_stale_s
        plates = [plate for heard_s, plate in self._plates.values() if now_s - heard_s <= limit_s]
        return plates if plates and len(plates) == len(self._settings.plates) else None

    def _load_n(self, now_s: float) -> float | None:
        plates = self._fresh(now_s)
        return None if plates is None else sum(plate.load_n for plate in plates)

    def _ahead_m(self, now_s: float) -> float:
        """Centre of pressure of all plates together; NaN while nobody is on them, or it is not known."""
        bearing = [plate for plate in self._fresh(now_s) or [] if math.isfinite(plate.ahead_m)]
        load_n = sum(plate.load_n for plate in bearing)
        least_n = self._settings.bearing_share * self._weight_n
        if not bearing or load_n < least_n or load_n <= 0.0:  # without a weight, what the plates place is believed
            return math.nan
        return sum(plate.load_n * plate.ahead_m for plate in bearing) / load_n
