# SPDX-License-Identifier: Apache-2.0
"""Run the processes of a launch: start, forward output, restart, and end them all. One thread, no polling.

Each process leads its own session, so that Ctrl-C reaches the launch alone and every end is the launch's doing:
SIGINT, 5 s later SIGTERM, 5 s later SIGKILL. ``guard.py`` does the same when the launch itself is killed.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import BinaryIO

from gait_session.launching import guard
from gait_session.launching.action import Action, LogAction, NodeAction
from gait_session.launching.environment import find_executable
from gait_session.launching.parameters import parameters_yaml

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CHUNK_BYTES = 65536
_NOT_STARTED = 127  # exit code of what could not be started, as in a shell


@dataclass
class _Process:
    """One process of the launch, through all its starts."""

    action: NodeAction
    label: str  # "imu_node-1"
    command: list[str]
    popen: "subprocess.Popen[bytes] | None" = None  # None while it does not run
    unfinished_line: bytes = b""
    restart_count: int = 0
    restart_s: float | None = None  # when it is to be started again
    exit_code: int = 0  # of its last end
    next_signal: signal.Signals | None = None  # to send at signal_s when it has not ended by then
    signal_s: float = 0.0

    def deadline_s(self) -> float | None:
        """When this process next needs attention if nothing happens before."""
        if self.popen is None:
            return self.restart_s
        return self.signal_s if self.next_signal else None


def run(actions: Sequence[Action], environment: Mapping[str, str], out: BinaryIO) -> int:
    """Start every node and return when all have ended; must be called from the main thread.

    Returns 0 when every process ended with 0, after Ctrl-C, SIGTERM, the end of a required node or by themselves;
    otherwise 1, having said who failed. A process that failed and was started again counts by its last end.
    Raises ``LaunchFileError``, with nothing started, when an executable is missing.
    """
    with TemporaryDirectory(prefix="gait_lab_launch_") as folder:
        processes = list(_prepare(actions, environment, Path(folder)))
        launch = _Launch(processes, environment, out)
        for action in actions:
            if isinstance(action, LogAction):
                launch.say(action.text if action.level == "INFO" else f"{action.level}: {action.text}")
        return launch.run()


def _prepare(actions: Sequence[Action], environment: Mapping[str, str], folder: Path) -> Iterator[_Process]:
    nodes = [action for action in actions if isinstance(action, NodeAction)]
    for number, node in enumerate(nodes, start=1):
        try:
            executable = find_executable(node.package, node.executable, environment)
        except ValueError as error:
            raise node.element.error(str(error)) from None
        files = []
        for index, values in enumerate(node.parameters):
            path = values if isinstance(values, Path) else folder / f"{node.label}-{number}-{index}.yaml"
            if not isinstance(values, Path):
                path.write_text(parameters_yaml(node.parameter_node_name, values))
            files.append(path)
        yield _Process(node, f"{node.label}-{number}", node.command(executable, tuple(files)))


class _Launch:
    def __init__(self, processes: list[_Process], environment: Mapping[str, str], out: BinaryIO) -> None:
        self._processes = processes
        self._environment = environment
        self._out = out
        self._is_stopping = False
        self._selector = selectors.DefaultSelector()
        self._guard: subprocess.Popen[bytes] | None = None

    def say(self, text: str) -> None:
        """Write one line of the launch's own."""
        self._write("launch", text.encode())

    def run(self) -> int:
        """Start everything, follow it to its end and return the exit code."""
        with _signals() as signal_fd, _guard() as self._guard, self._selector:
            self._selector.register(signal_fd, selectors.EVENT_READ)
            for process in self._processes:
                if not self._is_stopping:
                    self._start(process)
            while any(process.popen or process.restart_s is not None for process in self._processes):
                self._wait(signal_fd)
                self._meet_deadlines()
        failed = [process for process in self._processes if process.exit_code != 0]
        for process in failed:
            self.say(f"{process.label} {_how_ended(process.exit_code)}")
        return 1 if failed else 0

    def _start(self, process: _Process) -> None:
        process.restart_s = None
        try:
            process.popen = subprocess.Popen(
                process.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**self._environment, **dict(process.action.environment)},
                start_new_session=True,
            )
        except OSError as error:
            self.say(f"{process.label} cannot be started: {error.strerror}")
            self._on_end(process, _NOT_STARTED)
            return
        self._tell_guard(f"+{process.popen.pid}\n")
        assert process.popen.stdout is not None
        os.set_blocking(process.popen.stdout.fileno(), False)
        self._selector.register(process.popen.stdout, selectors.EVENT_READ, process)
        self.say(f"{process.label} started, process {process.popen.pid}")

    def _wait(self, signal_fd: int) -> None:
        """Wait for output, a signal or the next deadline, and see to what came."""
        deadlines = [deadline for process in self._processes if (deadline := process.deadline_s()) is not None]
        timeout_s = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        ready = [key for key, _ in self._selector.select(timeout_s)]
        for key in ready:
            if key.data is not None and self._forward(key.data) == b"":
                self._selector.unregister(key.fileobj)
        if any(key.data is None for key in ready):  # last, as it may end processes whose output is in the list
            self._on_signals(os.read(signal_fd, _CHUNK_BYTES))

    def _on_signals(self, numbers: bytes) -> None:
        for number in _STOP_SIGNALS:
            if number in numbers:
                self._stop(f"stopped by {'Ctrl-C' if number == signal.SIGINT else number.name}")
        if signal.SIGCHLD in numbers:
            for process in self._processes:
                if process.popen is not None and _has_ended(process.popen.pid):
                    self._reap(process, process.popen)

    def _reap(self, process: _Process, popen: "subprocess.Popen[bytes]") -> None:
        guard.kill_group(popen.pid)  # what it left behind; its number is still taken, as it is not yet reaped
        exit_code = popen.wait()
        self._tell_guard(f"-{popen.pid}\n")
        while self._forward(process):
            pass
        if process.unfinished_line:
            self._write(process.label, process.unfinished_line)
            process.unfinished_line = b""
        assert popen.stdout is not None
        with contextlib.suppress(KeyError):  # unregistered already when its output ended first
            self._selector.unregister(popen.stdout)
        popen.stdout.close()
        process.popen, process.next_signal = None, None
        self._on_end(process, exit_code)

    def _on_end(self, process: _Process, exit_code: int) -> None:
        process.exit_code = exit_code
        action = process.action
        how = f"{process.label} {_how_ended(exit_code)}"
        if self._is_stopping:
            self.say(how)
        elif action.is_required:
            self._stop(f"{how}, which ends the launch")
        elif action.respawn and not 0 <= action.respawn_max_count <= process.restart_count:
            process.restart_count += 1
            process.restart_s = time.monotonic() + action.respawn_delay_s
            self.say(f"{how}; starting it again in {action.respawn_delay_s:g} s")
        else:
            self.say(how)

    def _stop(self, reason: str) -> None:
        """Ask every process to end, once; ``_meet_deadlines`` insists."""
        if self._is_stopping:
            self.say("already stopping")
            return
        self._is_stopping = True
        self.say(f"{reason}; stopping")
        for process in self._processes:
            process.restart_s = None
            if process.popen is not None:
                self._signal(process, process.popen, signal.SIGINT)

    def _meet_deadlines(self) -> None:
        now_s = time.monotonic()
        for process in self._processes:
            deadline_s = process.deadline_s()
            if deadline_s is None or now_s < deadline_s:
                continue
            if process.popen is None:
                self._start(process)
            elif process.next_signal is not None:
                self.say(f"{process.label} has not ended; sending {process.next_signal.name}")
                self._signal(process, process.popen, process.next_signal)

    def _signal(self, process: _Process, popen: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
        if number == signal.SIGKILL:
            guard.kill_group(popen.pid)
        else:
            guard.signal_leader(popen.pid, number)
        process.signal_s = time.monotonic() + guard.GRACE_S
        process.next_signal = {signal.SIGINT: signal.SIGTERM, signal.SIGTERM: signal.SIGKILL}.get(number)

    def _forward(self, process: _Process) -> bytes | None:
        """Write the lines that a process has completed; return what was read: b"" at the end, None for nothing now."""
        assert process.popen is not None and process.popen.stdout is not None
        try:
            data = os.read(process.popen.stdout.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return None
        *lines, process.unfinished_line = (process.unfinished_line + data).split(b"\n")
        for line in lines:
            self._write(process.label, line)
        return data

    def _write(self, label: str, line: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more; a walking person's session goes on
            self._out.write(b"[" + label.encode() + b"] " + line + b"\n")
            self._out.flush()

    def _tell_guard(self, line: str) -> None:
        assert self._guard is not None and self._guard.stdin is not None
        with contextlib.suppress(OSError):  # somebody killed the guard; the launch itself still ends its processes
            self._guard.stdin.write(line.encode())


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, leaving it to be reaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _how_ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    return f"was ended by {signal.Signals(-exit_code).name}"


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Stand in as a handler: what counts is the byte that the signal leaves in the wake-up pipe."""


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """Turn signals into readable bytes on the descriptor that this yields."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    numbers = (*_STOP_SIGNALS, signal.SIGCHLD)
    old: dict[int, Callable[..., object] | int | None] = {n: signal.signal(n, _do_nothing) for n in numbers}
    old_fd = signal.set_wakeup_fd(write_fd)
    try:
        yield read_fd
    finally:
        signal.set_wakeup_fd(old_fd)
        for number, handler in old.items():
            signal.signal(number, handler)
        os.close(read_fd)
        os.close(write_fd)


@contextlib.contextmanager
def _guard() -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-I", "-S", guard.__file__]
    # Unbuffered: a line that could not be written to a killed guard must not come back when the pipe is closed.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, bufsize=0) as process:
        yield process
