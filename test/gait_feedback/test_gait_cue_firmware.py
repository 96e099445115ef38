# SPDX-License-Identifier: Apache-2.0
"""The reference firmware of gait_cue, compiled on this computer: it and the driver talk over a pseudo-terminal."""

import os
import random
import re
import shutil
import subprocess
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from gait_feedback.actuators.gait_cue import LONGEST_MS, SILENCE_MS, Driver, Emulator, Settings, line
from gait_feedback.cue import Answer
from gait_sensing.samples import Side
from gait_sensing.wires.reader import Reader

PROJECT = Path(__file__).parents[2]
FIRMWARE = PROJECT / "docs/hardware/gait_cue"
ARDUINO = """
#include <stdint.h>
const uint8_t OUTPUT = 1, LOW = 0;
struct { void begin(long) {} void print(const char*) {} int available() { return 0; } int read() { return 0; } } Serial;
void pinMode(uint8_t, uint8_t) {}
void digitalWrite(uint8_t, uint8_t) {}
void analogWrite(uint8_t, int) {}
unsigned long millis() { return 0; }
"""


def compiled(*arguments: object) -> None:
    compiler = shutil.which("c++") or shutil.which("g++")
    assert compiler, "no C++ compiler: the messages of the package need one too"
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run([compiler, "-std=c++11", *warnings, "-I", FIRMWARE, *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("firmware") / "gait_cue_device"
    compiled(Path(__file__).parent / "gait_cue_device.cpp", "-o", program)
    return program


def test_the_sketch_compiles(tmp_path: Path) -> None:
    (tmp_path / "arduino.h").write_text(ARDUINO)
    compiled("-fsyntax-only", "-include", tmp_path / "arduino.h", "-x", "c++", FIRMWARE / "gait_cue.ino")


def noise(count: int) -> Iterator[bytes]:
    """Lines that are right, nearly right and wrong."""
    dice = random.Random(1)
    for _ in range(count):
        letter, side = dice.choice("CCCQSPAXc"), dice.choice(["L", "R", "B", "LR", "", "7"])
        numbers = [
            str(dice.choice([0, 1, 5, 255, 256, 2000, 2001, 65535, 65536, 10**11, "", "X", "007"])) for _ in "abc"
        ]
        fields = dice.choice([[], [side], [side, numbers[1]], [side, *numbers[1:]], [side, *numbers]])
        data = bytearray(line(",".join([letter, numbers[0], *fields])))
        if dice.random() < 0.3:
            data[dice.randrange(len(data))] = dice.choice(b"\n\r*,0A\x00\xff")
        if dice.random() < 0.1:
            data[-1:] = dice.choice([b"\r\n", b"x" * dice.randrange(60) + b"\n", b"\n\n"])
        yield bytes(data)


def test_firmware_and_emulator_answer_alike_whatever_comes(firmware: Path) -> None:
    data = b"".join(noise(6000))
    run = subprocess.run([firmware], input=data, capture_output=True, check=True)
    emulator = Emulator(Settings())
    expected = emulator.restart() + emulator.feed(data)
    said, meant = (re.sub(rb"(A,\d+),\d+\*..", rb"\1", text).splitlines() for text in (run.stdout, expected))
    assert said == meant
    for kind in (b"I,", b"A,", b"E,0,CHECK", b"E,0,FORM"):
        assert sum(each.startswith(kind) for each in said) > 20, kind
    assert sum(b"RANGE" in each for each in said) > 20
    switched = [
        (each.side.value[0].upper(), round(255 * each.intensity)) for each in emulator.changes()
    ]  # of what ended by itself the firmware tells too, if it took so long
    told = [each.split() for each in run.stderr.decode().splitlines()]
    levels = [(side, int(level)) for _, side, level in told][2:]  # both are off at its start
    assert [each for each in levels if each[1]] == [each for each in switched if each[1]]


class Bench:
    """The firmware on the device's end of a pseudo-terminal, and a reader with the driver on the host's."""

    def __init__(self, firmware: Path, wait_until) -> None:
        device, self._host = os.openpty()
        tty.setraw(self._host)
        self._process = subprocess.Popen([firmware], stdin=device, stdout=device, stderr=subprocess.PIPE, text=True)
        os.close(device)
        self.levels: list[tuple[int, str, int]] = []  # milliseconds, side, intensity
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.answers: list[Answer] = []
        self.driver = Driver(Settings())
        url = f"serial://{os.ttyname(self._host)}?baud_bps=115200"
        self.reader = Reader(url, self.driver, lambda data, _: self.answers.extend(self.driver.feed(data)), time.time)
        self._wait_until = wait_until
        self.wait(lambda: self.reader.is_connected and not self.driver.problem)

    def _listen(self) -> None:
        for told in self._process.stderr:
            now_ms, side, level = told.split()
            self.levels.append((int(now_ms), side, int(level)))

    def wait(self, condition, poll=False) -> None:
        def step() -> None:
            if poll:
                self.reader.write(self.driver.poll())
            time.sleep(0.02)

        self._wait_until(condition, step)

    def on_ms(self) -> int:
        """Return for how long the left actuator was on."""
        began = next(index for index, (_, side, level) in enumerate(self.levels) if side == "L" and level)
        ended_ms = next(now_ms for now_ms, side, level in self.levels[began:] if side == "L" and not level)
        return ended_ms - self.levels[began][0]

    def is_off_again(self) -> bool:
        left = [level for _, side, level in self.levels if side == "L"]
        return any(left) and left[-1] == 0

    def close(self) -> None:
        self.reader.close()
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._process.stderr.close()
        os.close(self._host)


@pytest.fixture
def bench(firmware: Path, wait_until) -> Iterator[Bench]:
    bench = Bench(firmware, wait_until)
    yield bench
    bench.close()


def test_a_cue_is_acknowledged_and_ends_by_itself(bench: Bench) -> None:
    bench.reader.write(bench.driver.begin(Side.LEFT, 1.0, 0.2))
    bench.wait(
        lambda: bench.driver.sequence in [each.sequence for each in bench.answers if not each.problem], poll=True
    )
    bench.wait(bench.is_off_again, poll=True)
    assert 200 <= bench.on_ms() < LONGEST_MS
    device_time_s = next(each.device_time_s for each in bench.answers if each.sequence == bench.driver.sequence)
    assert abs(1000.0 * device_time_s - next(now_ms for now_ms, _, level in bench.levels if level)) < 100.0


def test_a_silent_host_ends_a_long_cue(bench: Bench) -> None:
    bench.reader.write(bench.driver.begin(Side.LEFT, 0.5, 2.0))
    bench.wait(bench.is_off_again)
    assert SILENCE_MS < bench.on_ms() < LONGEST_MS
