# SPDX-License-Identifier: Apache-2.0
"""FluidSynth's command shell to the byte, and, where it is installed, the program itself, playing into a file."""

import math
import shutil
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from gait_feedback.actuators.fluidsynth import LARGEST_SEQUENCE, Driver, Emulator, Settings
from gait_feedback.cue import ActuatorChange
from gait_sensing.samples import Side
from gait_sensing.wires.reader import Reader

LINES = (Path(__file__).parent.parent / "vectors" / "fluidsynth.txt").read_text().splitlines()[1:]
VECTORS = {name: bytes.fromhex(data) for _, _, name, data in (line.split(" | ") for line in LINES)}
FONTS = sorted(Path("/usr/share/sounds/sf2").glob("*.sf2"))


def test_the_host_says_what_the_program_understands():
    driver = Driver(Settings())
    driver.sequence = 16
    assert driver.begin(Side.LEFT, 1.0, 0.1) == VECTORS["note_left"] and driver.sequence == 17
    assert driver.stop(Side.RIGHT) == VECTORS["release_right"]
    assert driver.poll() == VECTORS["poll"]


def test_the_ears_and_the_instrument_are_set_at_each_connection():
    driver = Driver(Settings(program=80))
    for _ in range(2):
        commands = driver.connect().decode().splitlines()
        assert commands[:2] == ["cc 0 123 0", "cc 1 123 0"]
        assert {"prog 0 80", "prog 1 80", "cc 0 10 0", "cc 1 10 127"} < set(commands)
        assert commands[-1] == "echo 0" and "not answered" in driver.problem
        driver.feed(VECTORS["answer_to_poll"])
        assert driver.problem == ""


def test_an_echo_acknowledges_and_a_mistake_is_counted():
    driver = Driver(Settings())
    data = VECTORS["unknown_command"] + VECTORS["acknowledgement"] + VECTORS["too_few_arguments"]
    assert [answer.sequence for answer in driver.feed(data)] == [17]
    assert (driver.counts.device_error_count, driver.counts.reading_count) == (2, 1)


def test_the_emulator_says_what_the_program_says():
    emulator = Emulator(Settings())
    assert emulator.feed(b"echo 0\n") == VECTORS["answer_to_poll"]
    assert emulator.feed(b"bogus\n") == VECTORS["unknown_command"]
    assert emulator.feed(b"noteon 0 76\n") == VECTORS["too_few_arguments"]
    assert emulator.feed(VECTORS["note_left"]) == VECTORS["acknowledgement"]
    assert emulator.feed(VECTORS["release_right"]) == b""
    assert emulator.changes() == [ActuatorChange(Side.LEFT, 1.0), ActuatorChange(Side.RIGHT, 0.0)]


def test_numbers_wrap_and_are_never_zero():
    driver = Driver(Settings())
    driver.sequence = LARGEST_SEQUENCE
    driver.begin(Side.LEFT, 1.0, 0.1)
    assert driver.sequence == 1


@pytest.mark.parametrize("intensity", [0.0, -0.1, 1.01, math.nan])
def test_an_intensity_that_cannot_be_is_refused(intensity):
    with pytest.raises(ValueError, match="intensity"):
        Driver(Settings()).begin(Side.LEFT, intensity, 0.1)


def test_the_softest_note_is_still_a_note():
    assert Driver(Settings()).begin(Side.RIGHT, 1e-6, 0.1).startswith(b"noteon 1 79 1\n")


@pytest.mark.skipif(not (shutil.which("fluidsynth") and FONTS), reason="FluidSynth or a sound font is not installed")
def test_the_program_plays_each_side_in_its_ear(tmp_path, wait_until):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = [f"shell.port={port}", f"audio.file.name={tmp_path}/played.raw", "audio.file.type=raw"]
    options += ["audio.file.format=s16", "audio.period-size=64", "synth.reverb.active=0", "synth.chorus.active=0"]
    command = ["fluidsynth", "--server", "--no-shell", "--no-midi-in", "--audio-driver=file"]
    command += [word for option in options for word in ("-o", option)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    program = subprocess.Popen([*command, str(FONTS[0])], stdin=subprocess.DEVNULL, **quiet)
    driver, answers = Driver(Settings()), []

    def take(data: bytes, received_s: float) -> None:
        answers.extend(driver.feed(data))

    reader = Reader(f"tcp://127.0.0.1:{port}", driver, take, time.time)

    def play(side: Side) -> None:
        reader.write(driver.begin(side, 1.0, 0.1))
        wait_until(lambda: driver.sequence in [each.sequence for each in answers], step)
        silence_s = time.monotonic() + 0.6  # the note dies away
        wait_until(lambda: time.monotonic() > silence_s, step)

    def step() -> None:
        time.sleep(0.01)

    try:
        wait_until(lambda: reader.is_connected and not driver.problem, step)
        play(Side.LEFT)
        play(Side.RIGHT)
        assert driver.counts.device_error_count == 0
    finally:
        reader.close()
        program.terminate()
        program.wait()
    samples = np.fromfile(tmp_path / "played.raw", np.int16)
    samples = samples[: len(samples) // 2 * 2].reshape(-1, 2).astype(float)
    is_loud = np.abs(samples) > 0.2 * np.abs(samples).max()
    half = int(np.flatnonzero(is_loud[:, 0])[-1]) + 1  # the left ear's note is over
    assert is_loud[:half, 0].any() and not is_loud[:half, 1].any()
    assert is_loud[half:, 1].any() and not is_loud[half:, 0].any()
