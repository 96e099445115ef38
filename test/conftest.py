# SPDX-License-Identifier: Apache-2.0
"""Every ROS test in its own domain, a deadline for every wait, and no thread left behind."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"

LOCK_PORT = 22100  # bound on loopback as LOCK_PORT + domain: no other test run on the machine takes the same domain
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

    def wait(condition: Callable[[], object], step: Callable[[], object], deadline_s: float = 10.0) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"not within {deadline_s} s"
            step()

    return wait
