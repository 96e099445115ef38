# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gait_session.command_line import main

SOURCE = Path(__file__).parents[2] / "src"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
SHOW = """#!/bin/sh
for word in "$@"; do case "$word" in *.yaml) cat "$word";; esac; done
"""
PARTICIPANT = "/**/session_node:\n  ros__parameters:\n"
SESSION = """<launch>
<arg name="session"/><arg name="folder"/><arg name="duration_s"/><arg name="recording" default=""/>
<arg name="participant" default="$(dirname)/participant.yaml"/><arg name="config" default=""/>
<node pkg="gait_lab" exec="show"><param from="$(var participant)"/>
<param name="said" value="$(var duration_s)|$(var session)|$(var folder)|$(var recording)|$(var config)" type="str"/>
</node></launch>"""


@pytest.fixture
def gait_lab(tmp_path: Path) -> Run:
    """Run the command with a prefix whose session is one process that shows its parameters and records nothing."""
    for folder in ("share/ament_index/resource_index/packages", "share/gait_lab/launch", "lib/gait_lab", "here"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/gait_lab").touch()
    (tmp_path / "share/gait_lab/launch/session.launch.xml").write_text(SESSION)
    (tmp_path / "share/gait_lab/launch/participant.yaml").write_text("default participant\n")
    for name, script in (("show", SHOW), ("operator_node", '#!/bin/sh\necho "asked to $1"\nexit 3\n')):
        (tmp_path / "lib/gait_lab" / name).write_text(script)
        (tmp_path / "lib/gait_lab" / name).chmod(0o755)
    program = (
        f"import sys; sys.prefix = {str(tmp_path)!r}; from gait_session.command_line import main; sys.exit(main())"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-W", "error", "-c", program, *words]
        return subprocess.run(
            command, cwd=tmp_path / "here", env=environment, capture_output=True, text=True, timeout=60
        )

    return run


def walk(folder: Path, text: str = "time_s,fz_left_N,fz_right_N\n0,600,180.665\n20,0,588.399\n40,784.532,0\n") -> str:
    path = folder / "walk.csv"
    path.write_text(text)
    return str(path)


def said(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert "Traceback" not in done.stderr
    lines = [line.partition("said: ")[2] for line in done.stdout.splitlines() if "said: " in line]
    assert len(lines) == 1, done
    return lines[0].split("|")


def test_a_newcomer_is_told_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    bare = capsys.readouterr().out
    assert bare.index("gait-lab doctor     ") < bare.index("gait-lab session    ")
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert capsys.readouterr().out == bare


@pytest.mark.parametrize("unbuffered", ["", "1"])  # found out at the end, or at once
def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path, unbuffered: str) -> None:
    (tmp_path / "lab.launch.xml").write_text(SESSION)
    words = ["launch", str(tmp_path / "lab.launch.xml"), "--show-args"]
    program = f"import sys; from gait_session.command_line import main; sys.exit(main({words}))"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": unbuffered}
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_session_names_itself_and_its_folder(gait_lab: Run, tmp_path: Path) -> None:
    done = gait_lab("session")
    duration, name, folder, recording, config = said(done)
    assert (duration, recording, config) == ("60.0", "", "")
    assert folder == str(tmp_path / "here" / "sessions" / name)
    assert "[show-1] default participant" in done.stdout
    assert f"nothing was recorded in {folder}" in done.stdout
    assert done.returncode == 1


def test_session_passes_on_what_it_is_given(gait_lab: Run, tmp_path: Path) -> None:
    (tmp_path / "here/lab.yaml").write_text("/**/imu_node: {ros__parameters: {}}\n")
    (tmp_path / "here/me.yaml").write_text(PARTICIPANT + "    participant: it is me\n    body_mass_kg: 80\n")
    done = gait_lab(
        "session", "--duration", "5", "--config", "lab.yaml", "--participant", "me.yaml", "--out", "x", "session:=mine"
    )
    assert said(done) == ["5.0", "mine", str(tmp_path / "here/x"), "", str(tmp_path / "here/lab.yaml")]
    assert "[show-1]     participant: it is me" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"), [((), "40.0"), (("--duration", "60"), "40.0"), (("--duration", "9"), "9.0")]
)
def test_a_recording_limits_the_duration(gait_lab: Run, tmp_path: Path, words: tuple[str, ...], expected: str) -> None:
    path = walk(tmp_path)
    assert said(gait_lab("session", "--recording", path, *words))[::3] == [expected, path]


def test_the_mass_of_a_recorded_person_is_estimated_or_given(gait_lab: Run, tmp_path: Path) -> None:
    done = gait_lab("session", "--recording", walk(tmp_path))
    assert "body mass: 73.2 kg, estimated" in done.stdout
    assert "[show-1]     body_mass_kg: 73.2" in done.stdout
    assert "[show-1]     prosthetic_side: unknown" in done.stdout
    done = gait_lab("session", "--recording", walk(tmp_path), "--mass-kg", "81")
    assert "estimated" not in done.stdout
    assert "[show-1]     body_mass_kg: 81.0" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("session", "--recording", "absent.csv"),
            "the recording absent.csv cannot be read: No such file or directory",
        ),
        (("session", "--config", "absent.yaml"), "the file absent.yaml cannot be read: No such file or directory"),
        (("session", "--mass-kg", "80"), "--mass-kg is for a recording without --participant"),
        (("session", "--duration", "-5"), "--duration is -5; allowed is 0 to 14400"),
        (("session", "speed"), "'speed' is not of the form name:=value"),
        (("session", "--out", ".."), "is not empty; a session is never recorded over another"),
        (("session", "durations:=5"), "session.launch.xml has no argument durations; it has config, duration_s"),
        (("launch", "absent.launch.xml"), "there is no launch file absent.launch.xml"),
        (("report", "absent"), "there is no recording in absent"),
        (("doctor", "--config", "absent.yaml"), "the file absent.yaml cannot be read"),
    ],
)
def test_one_sentence_for_what_is_wrong(gait_lab: Run, words: tuple[str, ...], sentence: str) -> None:
    done = gait_lab(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PARTICIPANT + "    prosthetic_side: middle\n", "prosthetic_side: got 'middle', expected one of left, right"),
        (PARTICIPANT + "    body_mass_kg: -80\n", "body_mass_kg: got -80.0, allowed 20 to 250"),
        (
            PARTICIPANT + "    body_mass_g: 80\n",
            "session_node has no parameter body_mass_g; it has session, participant",
        ),
        (PARTICIPANT + "    participant: [\n", "line 4 is not YAML: "),
        ("participant: p07\n", "has no sections; expected lines like /**/session_node:"),
        ("/**/imu_node: {ros__parameters: {}}\n", "has no parameters of session_node; expected /**/session_node:"),
        ("\0", "is not YAML"),
    ],
)
def test_a_wrong_participant_file_is_named_before_anything_starts(
    gait_lab: Run, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "here/me.yaml").write_text(text)
    done = gait_lab("session", "--participant", "me.yaml")
    assert done.stderr.startswith("gait-lab: the file me.yaml")
    assert sentence in done.stderr
    assert (done.stderr.count("\n"), done.stdout, done.returncode) == (1, "", 2)


@pytest.mark.parametrize("command", ["session", "doctor"])
def test_a_config_that_is_not_yaml_is_named_with_its_line(gait_lab: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "here/lab.yaml").write_text("/**/imu_node:\n  ros__parameters: }\n")
    done = gait_lab(command, "--config", "lab.yaml")
    assert done.stderr.startswith("gait-lab: the file lab.yaml, line 2 is not YAML: ")
    assert (done.stderr.count("\n"), done.stdout, done.returncode) == (1, "", 2)


@pytest.mark.parametrize("mass_kg", ["-58", "nan", "0"])
def test_a_mass_that_nobody_has_is_refused(gait_lab: Run, tmp_path: Path, mass_kg: str) -> None:
    done = gait_lab("session", "--recording", walk(tmp_path), "--mass-kg", mass_kg)
    assert done.stderr == f"gait-lab: --mass-kg is {mass_kg}; allowed is 20 to 250\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,600,-180\n20,0,-588\n", "fz_right_N is -384.0 N on average; expected is the force on a foot, up positive"),
        ("0,600,\n20,0,NaN\n", "fz_right_N is empty; expected"),
        ("0,0.6,0.2\n20,0,0.6\n", "fz_left_N and fz_right_N make 0.0714 kg on average; expected is 20 to 250 kg"),
    ],
)
def test_forces_that_tell_no_mass_are_named(gait_lab: Run, tmp_path: Path, text: str, sentence: str) -> None:
    path = walk(tmp_path, "time_s,fz_left_N,fz_right_N\n" + text)
    done = gait_lab("session", "--recording", path)
    assert done.stderr.startswith(f"gait-lab: the recording {path}: {sentence}")
    assert (done.stderr.count("\n"), done.stdout, done.returncode) == (1, "", 2)


def test_a_folder_that_cannot_be_is_named(gait_lab: Run, tmp_path: Path) -> None:
    (tmp_path / "here/file").touch()
    assert gait_lab("session", "--out", "file").stderr.endswith("/file is a file; --out names a folder\n")
    assert gait_lab("session", "--out", "file/in/it").stderr.endswith("/file/in: Not a directory\n")


def test_launch_finds_a_file_by_its_name_and_shows_its_arguments(gait_lab: Run) -> None:
    assert gait_lab("launch", "session", "-s").stdout == gait_lab("launch", "session.launch.xml", "--show-args").stdout
    assert "  recording\n      no description\n      default: (empty)" in gait_lab("launch", "session", "-s").stdout


def test_start_asks_the_operator_node(gait_lab: Run) -> None:
    done = gait_lab("stop-belts")
    assert (done.stdout, done.returncode) == ("asked to stop-belts\n", 3)
