# SPDX-License-Identifier: Apache-2.0
"""The command ``gait-lab``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gait_session import belts_command
from gait_session.analyse import command as analyse_command
from gait_session.doctor.checks import examine
from gait_session.launching import command as launch_command
from gait_session.launching.environment import find_executable, launch_environment
from gait_session.recording.raw_replay import compare_raw, has_raw_bytes
from gait_session.recording.replay import compare
from gait_session.session_command import report, run_session

NEXT = """\
New here? Do this, in this order:
  gait-lab doctor     is this computer ready? Says what to do when it is not
  gait-lab session    a 60 s session with a simulated walker, no hardware needed;
                      it prints where the recording and the report are
Then open the report in a web browser. For a recorded walker or a real lab: docs/run_a_session.md"""
WISHES = {
    "start": "arm the belts and start the session that waits in another terminal",
    "stop": "end that session; the belts ramp down; before its start, take the start back",
    "stop-belts": "ramp the belts down, whatever else goes on",
    "ask": "give cues for a while, where the schedule waits for the walker to ask",
}
START_FLAGS = {
    "--despite-red": "although a stream's health is red",
    "--keep-zero": "with the load cells' zero as it is, the person standing on the plates",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    try:
        code = _run(parser, options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # who reads, as ``head``, has seen enough; what is left would be flushed at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ValueError as error:
        print(f"gait-lab: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a folder that may not be written, a disk that is full
        print(f"gait-lab: {error.filename or 'this computer'}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.command == "launch":
        path = launch_command.find_launch_file(options.file)
        if options.show_args:
            print(launch_command.show_arguments(path))
            return 0
        return launch_command.launch(path, launch_command.parse_arguments(options.arguments))
    if options.command == "session":
        return _session(options)
    if options.command == "report":
        print(report(options.folder, options.out))
        return 0
    if options.command == "replay":
        return _replay(options.folder)
    if options.command == "analyse":
        print(analyse_command.analyse(analyse_command.request(options)))
        return 0
    if options.command == "fit-belts":
        print(belts_command.fit_belts(options.run, options.origin_z_m))
        return 0
    if options.command == "doctor":
        return examine(options.config)
    if options.command in WISHES:
        given = (vars(options).get(flag.strip("-").replace("-", "_")) for flag in START_FLAGS)
        _ask_operator_node(options.command, *filter(None, given))
    parser.print_help()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gait-lab",
        description="A lab for gait retraining: treadmill, load cells, IMUs, cues, recording and report.",
        epilog=NEXT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    launch = commands.add_parser("launch", help="run a ROS 2 XML launch file, as `ros2 launch` would")
    launch.add_argument("file", help="a path, or a name in the package's launch folder")
    launch.add_argument("arguments", nargs="*", metavar="name:=value", help="launch arguments")
    launch.add_argument("-s", "--show-args", action="store_true", help="list the file's arguments and leave")
    _add_session(commands.add_parser("session", help="run a session, then write its report"))
    write = commands.add_parser("report", help="write the report of a recording")
    write.add_argument("folder", type=Path, help="folder of the recording")
    write.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: in the folder)")
    again = commands.add_parser(
        "replay", help="run a recording through the code again and compare with the live results"
    )
    again.add_argument("folder", type=Path, help="folder of the recording")
    of_files = "find events, phase, strides and asymmetry in plain CSV files of one walk"
    analyse_command.add_arguments(commands.add_parser("analyse", help=of_files))
    of_belts = "fit what accelerating belts do to their plates, from a run that nobody walks on"
    belts_command.add_arguments(commands.add_parser("fit-belts", help=of_belts))
    check = commands.add_parser("doctor", help="check this computer, and every sensor's stream")
    check.add_argument(
        "--config", type=Path, metavar="FILE", help="a lab's config; sets up and reads its sensors, moves nothing"
    )
    wishes = {wish: commands.add_parser(wish, help=text) for wish, text in WISHES.items()}
    for flag, text in START_FLAGS.items():
        wishes["start"].add_argument(flag, action="store_const", const=flag, help=text)
    return parser


def _add_session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--duration", type=float, metavar="S", help="seconds to walk; 0 until stopped (default: 60)")
    parser.add_argument("--recording", type=Path, metavar="CSV", help="play this file in place of the simulated walker")
    parser.add_argument("--mass-kg", type=float, metavar="KG", help="body mass of the person in the recording")
    parser.add_argument("--participant", type=Path, metavar="FILE", help="who walks (default: the simulated walker)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the lab's devices (default: the simulated lab)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the recording (default: sessions/<time>)")
    parser.add_argument("arguments", nargs="*", metavar="name:=value", help="arguments of session.launch.xml")


def _session(options: argparse.Namespace) -> int:
    files = {name: path for name in ("config", "participant") if (path := getattr(options, name)) is not None}
    given = launch_command.parse_arguments(options.arguments)
    return run_session(options.duration, options.recording, options.mass_kg, files, options.out, given)


def _replay(folder: Path) -> int:
    """Compare events and strides, and the samples if raw bytes were recorded; return 1 when anything differs."""
    differences = compare(folder)
    print(f"events and strides: {len(differences) or 'no'} differences from the live ones")
    if has_raw_bytes(folder):
        found = compare_raw(folder)
        print(f"samples from raw bytes: {len(found) or 'no'} differences from the live ones")
        differences += found
    for difference in differences:
        print(difference)
    return 1 if differences else 0


def _ask_operator_node(*words: str) -> None:
    """Become the node that asks; it prints the answer and ends."""
    environment = launch_environment(os.environ)
    path = find_executable(launch_command.PACKAGE, "operator_node", environment)
    os.execve(path, [str(path), *words], environment)


if __name__ == "__main__":
    sys.exit(main())
