# SPDX-License-Identifier: Apache-2.0
"""What the belt gate says of itself: the cause that brought the belts to rest, or the warnings since the arming.

Both are latched: a cause until the next arming, a warning until an operator arms again, also while the belts run. The
newest kind of warning is the reason told; the text holds the first words of each.
"""

from gait_sensing.belt_gate.states import LEVELS, Level, Reason, Safety, State


class Verdict:
    """``level`` and ``reason`` are those of the last cause; ``NONE`` while the belts come to rest as commanded."""

    def __init__(self) -> None:
        """Nobody has armed yet."""
        self.level, self.reason = Level.RAMP_DOWN, Reason.NOT_ARMED
        self.warnings: dict[Reason, str] = {}
        self._text, self._later = "not armed since the start", ""
        self._operator = ""
        self._refusal = ""  # why the last arming was refused

    def take_arming(self, operator: str, refusal: str) -> None:
        """An operator armed, or was refused."""
        self._refusal = refusal
        if not refusal:
            self._operator = operator
            self.level, self.reason = Level.OK, Reason.NONE
            self.warnings.clear()

    def warn(self, reason: Reason, text: str) -> None:
        """Latch a warning; a second one of its kind adds nothing."""
        self.warnings.setdefault(reason, text)

    def stop(self, reason: Reason, text: str) -> None:
        """Latch a cause to rest; one that is no graver than the cause since the last arming adds its words alone."""
        self._refusal = ""
        if self.reason in (Reason.NONE, Reason.NOT_ARMED) or LEVELS[reason] > self.level:
            self.level, self.reason, self._text, self._later = LEVELS[reason], reason, text, ""
        elif reason is not self.reason:
            self._later = f"; then: {text}"

    def rest(self) -> None:
        """The belts have come to rest."""
        if self.level is Level.OK:
            self.level, self.reason, self._text = Level.RAMP_DOWN, Reason.NOT_ARMED, f"{self._text}; arm again to start"

    def armed(self, state: State, source: str | None, untold: str) -> Safety:
        """What to say while an arming holds; ``untold`` names what nobody watches."""
        if self.warnings:
            text = "; ".join(self.warnings.values()) + " (until an operator arms again)"
            return Safety(Level.WARN, list(self.warnings)[-1], text, state)
        text = f"armed by {self._operator}, commanded by {source or 'nobody yet'}"
        return Safety(Level.OK, Reason.NONE, text + (f"; not watched: {untold}" if untold else ""), state)

    def unarmed(self, state: State, missing: str) -> Safety:
        """What to say otherwise; ``missing`` names what keeps the treadmill from being told to rest."""
        text = self._text + self._later
        if missing:
            text += f"; the treadmill cannot be told now, there is no {missing}"
        if self._refusal:
            text = f"arming refused: {self._refusal}; before: {text}"
        return Safety(self.level, self.reason, text, state)
