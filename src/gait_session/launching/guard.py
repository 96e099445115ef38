# SPDX-License-Identifier: Apache-2.0
"""Ends a launch's processes when the launch itself is killed hard; run as a script by ``run.py``.

It reads ``+<process>`` and ``-<process>`` lines on its standard input. The end of that input means that the launch is
gone, however it went: whatever is still listed then gets the same orderly end that the launch would have given it. It
imports next to nothing, costs one sleeping process, and works whatever the children do with signals of their parent.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_S = 5.0  # between SIGINT, SIGTERM and SIGKILL
POLL_S = 0.05


def end(groups: set[int]) -> None:
    """End process groups: ask, insist, kill."""
    for number in (signal.SIGINT, signal.SIGTERM):
        deadline_s = time.monotonic() + GRACE_S
        for leader in groups:
            signal_leader(leader, number)
        while any(map(is_running, groups)) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
    for leader in groups:
        kill_group(leader)


def signal_leader(leader: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, number)


def kill_group(leader: int) -> None:
    """Kill what is left of a process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def is_running(leader: int) -> bool:
    """Return whether a process is there and not a zombie."""
    try:
        with open(f"/proc/{leader}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - no pathlib here
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main() -> None:
    """Follow the list on standard input to its end, then end what is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    end(groups)


if __name__ == "__main__":
    main()
