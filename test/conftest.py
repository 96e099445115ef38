# SPDX-License-Identifier: Apache-2.0
"""Every ROS test in its own domain, a deadline for every wait, and no thread left behind."""

import importlib.util
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# The same examples on every machine, however slow; ``pytest --hypothesis-profile=default`` looks for others.
settings.register_profile("everywhere", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("everywhere")

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"

PROJECT = Path(__file__).resolve().parents[1]
LOCK_PORT = 22100  # bound on loopback as LOCK_PORT + domain: no other test run on the machine takes the same domain
LSL_ON_LOOPBACK = """
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""
LAST_DOMAIN = 100  # beyond it, DDS ports reach into the ephemeral range


@contextmanager
def _free_domain() -> Iterator[int]:
    with ExitStack() as stack:
        for domain in range(1, LAST_DOMAIN + 1):
            lock = stack.enter_context(socket.socket())
            try:
                lock.bind(("127.0.0.1", LOCK_PORT + domain))
            except OSError:
                continue
            yield domain
            return
    pytest.fail("no free ROS domain")


@pytest.fixture(scope="session")
def free_domain() -> Callable[[], AbstractContextManager[int]]:
    """A ROS domain that nobody else on this machine uses, for the length of a ``with`` block."""
    return _free_domain


@pytest.fixture
def domain_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The test's own ROS domain, also set in the environment."""
    with _free_domain() as domain:
        monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
        yield domain


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + 5.0
    while left := [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]:
        assert time.monotonic() < end, f"threads left running: {[thread.name for thread in left]}"
        left[0].join(0.1)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """Wait for a condition, with a deadline; ``step`` is called in between and must itself wait a little."""

    def wait(condition: Callable[[], object], step: Callable[[], object], deadline_s: float = 60.0) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"not within {deadline_s} s"
            step()

    return wait


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real recordings, which are not part of the project; under CI they must be there."""
    folder = Path(os.environ.get("GAIT_LAB_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        message = f"no recordings at {folder}: docs/recordings.md says where they come from"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="module")
def accuracy_script() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a script of benchmarks/accuracy by name, so that a test holds what the script measures."""
    folder = PROJECT / "benchmarks" / "accuracy"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))  # a script imports from its own folder

        def load(name: str) -> ModuleType:
            spec = importlib.util.spec_from_file_location(f"accuracy_{name}", folder / f"{name}.py")
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, spec.name, module)
            spec.loader.exec_module(module)
            return module

        yield load


@pytest.fixture(scope="session")
def pylsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The library, kept on the loopback interface: it reads its settings once, when it is first used."""
    config = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    config.write_text(LSL_ON_LOOPBACK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSLAPICFG", str(config))
        yield pytest.importorskip("pylsl", reason="the extra lsl is not installed")
