# SPDX-License-Identifier: Apache-2.0
"""Clicks and tones by FluidSynth, a software synthesiser on the host: its command shell, over TCP port 9800.

Lines of text that end with LF, as the program's shell takes them: `noteon CHANNEL KEY VELOCITY`, `noteoff CHANNEL KEY`,
`prog CHANNEL PROGRAM`, `cc CHANNEL CONTROL VALUE`, `echo TEXT`. Only `echo` and mistakes are answered. The left side is
channel 0, panned to the left ear, the right side channel 1; an `echo` behind each note makes the acknowledgement: by
then the synthesiser has the note, and plays it with its next block of audio.

Source: the program's own `help` and user manual, and FluidSynth 2.3.1, which was asked and recorded. Confidence: high.

A woodblock, the default, rings out by itself within 0.2 s; a sustained instrument sounds until `noteoff`, which
``actuator_timer`` sends. Nothing ends a sustained note when the host dies: take an instrument that dies away.
"""

from dataclasses import dataclass

from gait_feedback.cue import ActuatorChange, ActuatorDriver, Answer
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side
from gait_sensing.wires.lines import LineSplitter

CHANNELS = {Side.LEFT: 0, Side.RIGHT: 1}
PANS = {Side.LEFT: 0, Side.RIGHT: 127}
LOUDEST = 127
PAN, ALL_NOTES_OFF = 10, 123  # MIDI control numbers
LARGEST_SEQUENCE = 999_999
LONGEST_LINE_BYTES = 200


@dataclass(frozen=True)
class Settings(parts.Settings):
    """What a cue sounds like."""

    program: int = setting(
        115, "General MIDI instrument, counted from 0: 115 woodblock, 80 square wave", low=0, high=127
    )
    left_key: int = setting(72, "pitch on the left: MIDI key, 60 is middle C", low=0, high=127)
    right_key: int = setting(79, "pitch on the right", low=0, high=127)


class Driver(ActuatorDriver):
    """Host side."""

    acknowledges = True
    poll_interval_s = 1.0
    silent_s = 3.0
    has_checksum = False
    terminator = b"\n"

    def __init__(self, settings: Settings) -> None:
        """Begin with a synthesiser that has said nothing."""
        super().__init__()
        self._program = settings.program
        self._keys = {Side.LEFT: settings.left_key, Side.RIGHT: settings.right_key}
        self._lines = LineSplitter(rb"\d{1,6}|.*\w.*", LONGEST_LINE_BYTES, self.counts)

    def connect(self) -> bytes:
        """Silence both channels, choose their instrument and ear, and ask for an answer."""
        self._lines.clear()
        self.problem = "the synthesiser has not answered"
        commands = [f"prog {channel} {self._program}" for channel in CHANNELS.values()]
        commands += [f"cc {CHANNELS[side]} {PAN} {PANS[side]}" for side in Side]
        return self.disconnect() + _lines(*commands) + self.poll()

    def disconnect(self) -> bytes:
        """Silence both channels."""
        return _lines(*(f"cc {channel} {ALL_NOTES_OFF} 0" for channel in CHANNELS.values()))

    def begin(self, side: Side, intensity: float, duration_s: float) -> bytes:
        """Strike a note: ``intensity`` is its velocity, half of which sounds some 12 dB softer. Until ``stop``.

        Raises ``ValueError`` for an intensity that is not above 0 to 1.
        """
        if not 0.0 < intensity <= 1.0:
            raise ValueError(f"intensity: got {intensity}, allowed above 0 to 1")
        self.sequence = self.sequence % LARGEST_SEQUENCE + 1
        velocity = max(1, round(intensity * LOUDEST))
        return _lines(f"noteon {CHANNELS[side]} {self._keys[side]} {velocity}", f"echo {self.sequence}")

    def stop(self, side: Side) -> bytes:
        """Release the note."""
        return _lines(f"noteoff {CHANNELS[side]} {self._keys[side]}")

    def poll(self) -> bytes:
        """Ask for an answer that is no cue's."""
        return _lines("echo 0")

    def feed(self, data: bytes) -> list[Answer]:
        """Take echoes; any other line tells of a mistake and is counted."""
        answers = []
        for found in self._lines.feed(data):
            text = found[0].rstrip(b"\r")
            if text.isdigit():
                self.counts.reading_count += 1
                self.problem = ""
                answers.append(Answer(int(text)))
            else:
                self.counts.device_error_count += 1
        return answers


class Emulator:
    """Device side. A note is on until it is released: the emulation does not know how an instrument dies away."""

    def __init__(self, settings: Settings) -> None:
        """Begin silent."""
        self._buffer = b""
        self._sides = {channel: side for side, channel in CHANNELS.items()}
        self._changes: list[ActuatorChange] = []

    def feed(self, data: bytes) -> bytes:
        """Obey each line; answer echoes and mistakes."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self._buffer = self._buffer[:LONGEST_LINE_BYTES]
        return b"".join(self._obey(line.decode("ascii", "replace").split()) for line in lines)

    def advance(self, duration_s: float) -> None:
        """Do nothing: time changes no note here."""

    def changes(self) -> list[ActuatorChange]:
        """Return, once, what was switched since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def _obey(self, words: list[str]) -> bytes:
        name, values = (words[0], words[1:]) if words else ("", [])
        if name == "echo" and values:
            return _lines(values[0])
        counts = {"noteon": 3, "noteoff": 2, "cc": 3, "prog": 2}
        if name not in counts:
            return _lines(f"unknown command: {name} (try help)") if name else b""
        if len(values) < counts[name]:
            return _lines(f"{name}: too few arguments")
        if all(value.isdecimal() and len(value) < 4 for value in values):
            self._play(name, [int(value) for value in values])
        return b""

    def _play(self, name: str, values: list[int]) -> None:
        side = self._sides.get(values[0])
        if side is None:
            return
        if name == "noteon" and 0 < values[2] <= LOUDEST:
            self._changes.append(ActuatorChange(side, values[2] / LOUDEST))
        elif name in ("noteon", "noteoff") or (name == "cc" and values[1] == ALL_NOTES_OFF):
            self._changes.append(ActuatorChange(side, 0.0))


def _lines(*commands: str) -> bytes:
    return "".join(f"{command}\n" for command in commands).encode("ascii", "replace")
