# SPDX-License-Identifier: Apache-2.0
"""Every ROS test in its own domain, and a deadline for every wait."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"

LOCK_PORT = 22100  # bound on loopback as LOCK_PORT + domain: no other test run on the machine takes the same domain
LAST_DOMAIN = 100  # beyond it, DDS ports reach into the ephemeral range


@pytest.fixture
def domain_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS domain that nobody else on this machine uses."""
    with ExitStack() as stack:
        for domain in range(1, LAST_DOMAIN + 1):
            lock = stack.enter_context(socket.socket())
            try:
                lock.bind(("127.0.0.1", LOCK_PORT + domain))
            except OSError:
                continue
            monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
            yield domain
            return
    pytest.fail("no free ROS domain")


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Wait for a condition, with a deadline; ``step`` is called in between."""

    def wait(condition: Callable[[], object], step: Callable[[], object], deadline_s: float = 10.0) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"not within {deadline_s} s"
            step()

    return wait
