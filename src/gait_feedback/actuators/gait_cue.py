# SPDX-License-Identifier: Apache-2.0
"""Two actuators behind a microcontroller of the lab's own: the open ASCII protocol `gait_cue`, over a serial line.

A line is a letter, its fields, `*`, the exclusive or of all bytes before it as two hex digits, and LF:

    Q,<sequence>                                 all off; who are you?      I,<sequence>,<protocol>,<longest>,<silence>
    C,<sequence>,<L|R>,<1 to 255>,<1 to 2000 ms> cue                        A,<sequence>,<device ms>
    S,<sequence>,<L|R|B>                         stop left, right or both   A,<sequence>,<device ms>
    P,<sequence>                                 the host lives             A,<sequence>,<device ms>

`E,<sequence>,<CHECK|FORM|RANGE>` answers a line that the device did not obey. Sequence 0 is the device's own: an `I` of
0 tells that it has started, an `E` of 0 that it could not read the line's number.

Source: `docs/hardware/gait_cue.md`, where the protocol is laid down, and the reference firmware beside it. Confidence:
high for the bytes, which are this project's own.

Every cue ends in the device, after its duration; and everything ends there when the host has been silent. Cues before
the device has said what it is are not sent: a board that resets when its port is opened would not hear them.
"""

import itertools
import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

from gait_feedback.cue import ActuatorChange, ActuatorDriver, Answer
from gait_parts import settings as parts
from gait_sensing.samples import Side
from gait_sensing.wires.lines import LineSplitter

PROTOCOL = 1
LONGEST_MS = 2000  # no cue is longer
SILENCE_MS = 500  # after which the device switches all off
LARGEST_INTENSITY = 255
LARGEST_SEQUENCE = 65535
LONGEST_LINE_BYTES = 40  # without its end
FORM = rb"(?P<body>(?P<letter>[A-Z]),(?P<fields>[A-Z0-9,]+))\*(?P<check>[0-9A-F]{2})"
SIDES = {Side.LEFT: "L", Side.RIGHT: "R"}
SIDES_OF = {"L": (Side.LEFT,), "R": (Side.RIGHT,), "B": (Side.LEFT, Side.RIGHT)}


@dataclass(frozen=True)
class Settings(parts.Settings):
    """None: which pin is which side is said in the firmware."""


def line(body: str) -> bytes:
    """Return ``body`` as a line, with its check."""
    data = body.encode("ascii")
    return data + b"*%02X\n" % check(data)


def check(data: bytes) -> int:
    """Return the exclusive or of all bytes."""
    return reduce(xor, data, 0)


class Driver(ActuatorDriver):
    """Host side."""

    acknowledges = True
    poll_interval_s = 0.2
    silent_s = 4.0  # a board may take 2 s to start when its port is opened
    terminator = b"\n"

    def __init__(self, settings: Settings) -> None:
        """Begin with a device that has said nothing."""
        super().__init__()
        self._lines = LineSplitter(FORM, LONGEST_LINE_BYTES, self.counts)
        self._numbers = itertools.count(1)  # drawn from two threads: the reader's and the node's

    def connect(self) -> bytes:
        """Switch both actuators off and ask the device what it is."""
        self._lines.clear()
        self._pending = b""
        self.problem = "the device has not said what it is"
        return self._command("Q")

    def disconnect(self) -> bytes:
        """Switch both actuators off."""
        return self._command("S", "B")

    def begin(self, side: Side, intensity: float, duration_s: float) -> bytes:
        """Switch on for ``duration_s``, at most 2 s, after which the device ends it. Never rounded to off.

        Raises ``ValueError`` for an intensity that is not above 0 to 1.
        """
        if not 0.0 < intensity <= 1.0:
            raise ValueError(f"intensity: got {intensity}, allowed above 0 to 1")
        strength = max(1, round(intensity * LARGEST_INTENSITY))
        duration_ms = min(max(1, round(1000.0 * duration_s)), LONGEST_MS)
        command = self._command("C", SIDES[side], str(strength), str(duration_ms))
        self.sequence = int(command.split(b",")[1])
        return command

    def stop(self, side: Side) -> bytes:
        """Switch off at once."""
        return self._command("S", SIDES[side])

    def poll(self) -> bytes:
        """Show that the host lives."""
        return self._command("P")

    def feed(self, data: bytes) -> list[Answer]:
        """Return what the device says to commands. Lines that fail their check, or mean nothing, are counted."""
        answers = []
        for found in self._lines.feed(data):
            if check(found["body"]) != int(found["check"], 16):
                self.counts.frame_count -= 1
                self.counts.bad_checksum_count += 1
                self.counts.bytes_dropped_count += len(found[0]) + 1
            else:
                answers += self._read(found["letter"].decode(), found["fields"].decode().split(","))
        return answers

    def _read(self, letter: str, fields: list[str]) -> list[Answer]:
        sequence = _number(fields[0], LARGEST_SEQUENCE)
        if sequence is None:
            return []
        self.counts.reading_count += 1
        if letter == "I" and len(fields) > 1:
            self._meet(sequence, fields[1])
        elif letter == "A" and len(fields) == 2 and (time_ms := _number(fields[1], (1 << 32) - 1)) is not None:
            return [Answer(sequence, 1e-3 * time_ms)]
        elif letter == "E" and len(fields) == 2:
            self.counts.device_error_count += 1
            return [Answer(sequence, problem=fields[1])]
        return []

    def _meet(self, sequence: int, protocol: str) -> None:
        if sequence == 0:  # it has started, and may have missed what was written before
            self._pending = self.connect()
        else:
            self.problem = "" if protocol == str(PROTOCOL) else f"speaks protocol {protocol}, expected {PROTOCOL}"

    def _command(self, letter: str, *fields: str) -> bytes:
        sequence = (next(self._numbers) - 1) % LARGEST_SEQUENCE + 1
        return line(",".join((letter, str(sequence), *fields)))


class Emulator:
    """Device side, with a clock of its own; the reference firmware does the same."""

    def __init__(self, settings: Settings) -> None:
        """Begin as after power-up: everything off, at device time 0."""
        self._changes: list[ActuatorChange] = []
        self._off_ms: dict[Side, float] = {}  # when what is on ends
        self.restart()

    def restart(self) -> bytes:
        """Begin anew, as after a reset, and return what the device says then."""
        for side in [*self._off_ms]:
            self._switch_off(side)
        self._line = bytearray()
        self._is_overlong = False
        self._clock_ms = self._heard_ms = 0.0
        return self._identity(0)

    def feed(self, data: bytes) -> bytes:
        """Obey each whole line and answer it."""
        answer = b""
        for byte in data:
            if byte == ord("\n"):
                answer += line("E,0,FORM") if self._is_overlong else self._answer(bytes(self._line).removesuffix(b"\r"))
                self._line.clear()
                self._is_overlong = False
            elif len(self._line) == LONGEST_LINE_BYTES:
                self._is_overlong = True
            else:
                self._line.append(byte)
        return answer

    def advance(self, duration_s: float) -> None:
        """Move the clock on: end what has run its time, and everything when the host has been silent."""
        self._clock_ms += 1000.0 * duration_s
        is_host_silent = self._clock_ms - self._heard_ms > SILENCE_MS
        for side in [side for side, off_ms in self._off_ms.items() if is_host_silent or self._clock_ms >= off_ms]:
            self._switch_off(side)

    def changes(self) -> list[ActuatorChange]:
        """Return, once, what was switched since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def _answer(self, text: bytes) -> bytes:
        found = re.fullmatch(FORM, text)
        if found is None:
            return line("E,0,FORM")
        if check(found["body"]) != int(found["check"], 16):
            return line("E,0,CHECK")
        self._heard_ms = self._clock_ms
        sequence, *fields = found["fields"].decode().split(",")
        if not _number(sequence, LARGEST_SEQUENCE):
            return line("E,0,FORM")
        return self._obey(found["letter"].decode(), int(sequence), fields)

    def _obey(self, letter: str, sequence: int, fields: list[str]) -> bytes:
        if letter == "C" and len(fields) == 3 and fields[0] in ("L", "R"):
            strength, duration_ms = _number(fields[1], LARGEST_INTENSITY), _number(fields[2], LONGEST_MS)
            if not strength or not duration_ms:
                return line(f"E,{sequence},RANGE")
            (side,) = SIDES_OF[fields[0]]
            self._off_ms[side] = self._clock_ms + duration_ms
            self._changes.append(ActuatorChange(side, strength / LARGEST_INTENSITY))
        elif (letter == "S" and len(fields) == 1 and fields[0] in SIDES_OF) or (letter == "Q" and not fields):
            for side in SIDES_OF[fields[0] if fields else "B"]:
                self._switch_off(side)
        elif letter != "P" or fields:
            return line(f"E,{sequence},FORM")
        return self._identity(sequence) if letter == "Q" else line(f"A,{sequence},{int(self._clock_ms) % (1 << 32)}")

    def _switch_off(self, side: Side) -> None:
        self._off_ms.pop(side, None)
        self._changes.append(ActuatorChange(side, 0.0))

    def _identity(self, sequence: int) -> bytes:
        return line(f"I,{sequence},{PROTOCOL},{LONGEST_MS},{SILENCE_MS}")


def _number(text: str, largest: int) -> int | None:
    """Return a whole number from 0 to ``largest`` in plain digits; None for anything else."""
    number = int(text) if text.isdigit() else -1
    return number if 0 <= number <= largest else None
