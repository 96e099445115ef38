# SPDX-License-Identifier: Apache-2.0
"""A whole lab for a test: its own domain, its own addresses, its own folder, and a look at its processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from gait_sim.simulated_lab import SimulatedLab, read_devices
from gait_sim.walker import Walker, WalkerSettings

PROJECT = Path(__file__).parents[2]
WALKING = r"belt 1\.[01]\d 1\.[01]\d m/s"
COMMAND = Path(sys.executable).parent / "gait-lab"
MARK = "GAIT_LAB_TEST_MARK"  # in the environment of every process that a lab starts
STALL_PERIOD_S = 0.5
STALL_S = 0.1  # in one period; the gate does without its inputs for 0.2 s, which pass two or three nodes


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stalls:
    """When the machine was too busy: when a thread of a lab, or of the test, waited long for a core.

    The kernel counts that for each thread, in nanoseconds, as the second number of its ``schedstat``.
    """

    def __init__(self, processes: Callable[[], list[int]]) -> None:
        self._processes = processes
        self._waited_ns: dict[Path, int] = {}
        self._stalled_s: list[float] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def since(self, time_s: float) -> bool:
        """Return whether it was since ``time_s`` of the monotonic clock."""
        return any(stalled_s > time_s for stalled_s in self._stalled_s)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(STALL_PERIOD_S):
            for process in (os.getpid(), *self._processes()):
                for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
                    with suppress(OSError):  # it ended meanwhile
                        self._look(path, int(path.read_text().split()[1]))

    def _look(self, path: Path, waited_ns: int) -> None:
        if waited_ns - self._waited_ns.get(path, waited_ns) > 1e9 * STALL_S:
            self._stalled_s.append(time.monotonic())
        self._waited_ns[path] = waited_ns


def private_config(folder: Path) -> Path:
    """Write the simulated lab's config with addresses of its own."""
    text = (PROJECT / "config" / "simulated_lab.yaml").read_text()
    text = text.replace("serial:///tmp/gait_lab/", f"serial://{folder}/wires/")
    text = re.sub(r"127\.0\.0\.1:\d+", lambda _: f"127.0.0.1:{free_port()}", text)
    path = folder / "lab.yaml"
    path.write_text(text)
    return path


class Lab:
    """A running ``gait-lab session``: its output line by line, its processes, its recording."""

    def __init__(self, folder: Path, domain: int, arguments: tuple[str, ...]) -> None:
        self.command = COMMAND
        self.recording = folder / "recording"
        self.mark = uuid.uuid4().hex
        self.environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), MARK: self.mark}
        config = folder / "lab.yaml"
        if not config.exists():  # a test may have written one that differs
            private_config(folder)
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [COMMAND, "session", "--config", config, "--out", self.recording, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        self.stalls = Stalls(self._started)

    def _read(self) -> None:
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for_line(self, pattern: str, deadline_s: float = 60.0, after: int = 0) -> int:
        """Wait for an output line that ``pattern`` is found in; return the number of the line after it."""
        end = time.monotonic() + deadline_s
        seen = after
        with self._news:
            while True:
                for number, line in enumerate(self.lines[seen:], start=seen):
                    if re.search(pattern, line):
                        return number + 1
                seen = len(self.lines)
                left_s = end - time.monotonic()
                if left_s <= 0 or not self._news.wait(left_s):
                    pytest.fail(f"no line '{pattern}' after line {after} in {self.text()}")

    def text(self) -> str:
        """The whole output so far."""
        return "\n".join(self.lines)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command itself."""
        self._process.send_signal(number)

    def wait(self, deadline_s: float) -> int:
        """Wait for the command to end; return its exit code."""
        code = self._process.wait(deadline_s)
        self._thread.join(10)
        self._process.stdout.close()
        return code

    def wait_until_it_walks(self, after: int = 0) -> int:
        """Wait until the belts run at full speed; return the number of the line after that."""
        return self.wait_for_line(WALKING, after=after)

    def walks_on(self, after: int, seconds: int) -> bool:
        """Return whether the belts run at full speed in so many lines, one a second, after line ``after``."""
        for _ in range(seconds):
            after = self.wait_for_line(r"belt \d", after=after)
            if not re.search(WALKING, self.lines[after - 1]):
                return False
        return True

    def start_again(self, after: int) -> None:
        """Be the operator who takes the belts up again, as often as the lab is not ready or stops them once more."""
        end_s = time.monotonic() + 120.0
        while True:
            lines = self.lines[after:]
            armed = [number for number, line in enumerate(lines) if "treadmill: armed" in line]
            belts = [line for line in lines[armed[-1] :] if re.search(r"belt \d", line)] if armed else []
            if belts and re.search(WALKING, belts[-1]):
                return
            assert time.monotonic() < end_s, self.text()
            if belts and "belt 0.00 0.00" not in belts[-1]:
                self.wait_for_line(r"belt \d", after=len(self.lines))
            else:
                self.operator("start", "--keep-zero")

    def _started(self) -> list[int]:
        """Process ids of the nodes, as the launch told them; some may be gone."""
        return [int(found) for found in re.findall(r"started, process (\d+)", self.text())]

    def operator(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Do what an operator at the terminal does."""
        return subprocess.run([COMMAND, *words], env=self.environment, capture_output=True, text=True, timeout=30)

    def processes(self) -> dict[int, str]:
        """Process ids and command lines of everything that this lab has started and that still runs."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.mark}".encode() in (path / "environ").read_bytes():
                    found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended meanwhile
                continue
        return found

    def process_of(self, node: str) -> int | None:
        """Process id of a node."""
        return next((pid for pid, line in self.processes().items() if f"/{node} " in line), None)

    def kill_everything(self) -> None:
        """Leave nothing behind, whatever the test did."""
        while processes := self.processes():  # more than once: one may be just being started
            for pid in processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.poll()  # a dead child keeps its place in the table until it is asked for
        self.stalls.close()
        self.wait(10)


@pytest.fixture(scope="session")
def running_lab(free_domain: Callable[[], AbstractContextManager[int]]) -> Callable[..., AbstractContextManager[Lab]]:
    """``with running_lab(folder, *arguments) as lab``: a session; whatever happens, nothing of it survives."""

    @contextmanager
    def run(folder: Path, *arguments: str) -> Iterator[Lab]:
        with free_domain() as domain:
            lab = Lab(folder, domain, arguments)
            try:
                yield lab
            finally:
                lab.kill_everything()

    return run


@pytest.fixture(scope="session")
def write_config() -> Callable[[Path], Path]:
    """``write_config(folder)`` writes the simulated lab's config with addresses of its own; ``running_lab`` uses it."""
    return private_config


@pytest.fixture(scope="session")
def emulated_lab() -> Callable[..., AbstractContextManager[tuple[SimulatedLab, Walker]]]:
    """``with emulated_lab(config) as (lab, walker)``: its devices in the test's own hands, nobody on the belts."""

    @contextmanager
    def run(config: Path, without: tuple[str, ...] = ()) -> Iterator[tuple[SimulatedLab, Walker]]:
        devices = {name: device for name, device in read_devices(config).items() if name not in without}
        values = yaml.safe_load((PROJECT / "config" / "walker.yaml").read_text())["/**/simulated_lab_node"]
        walker = Walker(WalkerSettings(**values["ros__parameters"]))
        walker.step_off()
        lab = SimulatedLab(devices, walker, config.parent / "truth")
        lab.start()
        try:
            yield lab, walker
        finally:
            lab.close()

    return run


@pytest.fixture(scope="session")
def ask_doctor() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``ask_doctor(environment, *arguments)`` is ``gait-lab doctor``."""

    def ask(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, "doctor", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    return ask
