# SPDX-License-Identifier: Apache-2.0
"""``gait-lab doctor``: what this computer and its sensors lack for a session, and what to do about it."""

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from gait_sensing.health import Level
from gait_sensing.wires.transport import parse_url
from gait_session.doctor.finding import Finding
from gait_session.doctor.streams import findings, running_streams, started_streams
from gait_session.launching.action import NodeAction
from gait_session.launching.command import PACKAGE, find_launch_file
from gait_session.launching.environment import (
    find_executable,
    find_prefix,
    find_share,
    is_loopback_only,
    launch_environment,
)
from gait_session.launching.evaluate import Surroundings, evaluate
from gait_session.launching.file import parse_file
from gait_session.parameter_file import read_parameter_file

PYTHON_VERSIONS = ((3, 10), (3, 13))  # first and last that the ROS 2 wheels exist for
LEAST_FREE_BYTES = 1e9
ENOUGH_FREE_BYTES = 10e9
CONNECT_TIMEOUT_S = 1.0
CHILD_TIMEOUT_S = 30.0


def examine(config: Path | None) -> int:
    """Print the findings; return 0, or 1 when one is red. Raises ``ValueError`` when ``config`` cannot be read."""
    environment = launch_environment(os.environ)
    worst = Level.GREEN
    for finding in _findings(environment, config):
        print(f"{finding.level.name.lower():<6} {finding.what:<26} {finding.found}", flush=True)
        if finding.advice:
            print(f"{'':<6} {'':<26} -> {finding.advice}", flush=True)
        worst = max(worst, finding.level, key=lambda level: level.value)
    ends = {
        Level.GREEN: "ready",
        Level.AMBER: "ready, but read the amber lines",
        Level.RED: "not ready: see the red lines",
    }
    print(f"\n{ends[worst]}")
    return 1 if worst is Level.RED else 0


def _findings(environment: Mapping[str, str], config: Path | None) -> Iterator[Finding]:
    urls = [] if config is None else read_urls(config)
    yield check_python(sys.version_info[:2], f"{platform.system()} {platform.machine()}")
    yield check_import("ROS 2", "rclpy", environment, "install the project again: pip install .")
    yield check_import("messages", "gait_lab.msg", environment, "install the project again: pip install .")
    yield check_executables(environment)
    yield check_round_trip(environment)
    yield from check_network(environment)
    yield check_disk(shutil.disk_usage(Path.cwd()).free)
    if streams := running_streams(environment):
        yield Finding(Level.GREEN, "lab", "one is running: its streams follow")
        yield from findings(streams)
    elif config is not None:
        for name, url in urls:
            yield check_address(name, url)
        yield from findings(started_streams(config, environment))


def check_python(version: tuple[int, ...], machine: str) -> Finding:
    """Judge the Python version and the kind of machine."""
    found = f"{'.'.join(map(str, version))} on {machine}"
    first, last = PYTHON_VERSIONS
    if not first <= version <= last:
        return Finding(
            Level.RED, "Python", found, "use Python 3.10 to 3.13; `make session PYTHON=python3.12` chooses one"
        )
    if machine != "Linux x86_64":
        return Finding(Level.AMBER, "Python", found, "tested on Linux x86_64 only; elsewhere install ROS 2 first")
    return Finding(Level.GREEN, "Python", found)


def check_import(what: str, module: str, environment: Mapping[str, str], advice: str) -> Finding:
    """Import a module in a process of its own."""
    exit_code, text = _run_python(["-c", f"import {module}; print({module}.__file__)"], environment)
    return Finding(Level.GREEN if exit_code == 0 else Level.RED, what, text, "" if exit_code == 0 else advice)


def check_executables(environment: Mapping[str, str]) -> Finding:
    """Look for every executable that a session starts."""
    try:
        prefix = find_prefix(PACKAGE, environment)
        surroundings = Surroundings(environment, lambda name: find_share(name, environment), parse_file)
        actions = evaluate(find_launch_file("session.launch.xml"), {}, surroundings)
        nodes = [action for action in actions if isinstance(action, NodeAction)]
        for node in nodes:
            find_executable(node.package, node.executable, environment)
    except ValueError as error:
        advice = "install the project: pip install . (or, with ROS 2 installed, colcon build and source the result)"
        return Finding(Level.RED, "package", str(error), advice)
    return Finding(Level.GREEN, "package", f"{len(nodes)} executables in {prefix}")


def check_round_trip(environment: Mapping[str, str]) -> Finding:
    """Send a message from one process to another."""
    module = "gait_session.round_trip_node"
    with subprocess.Popen([sys.executable, "-m", module, "talk"], env=environment, stderr=subprocess.DEVNULL) as talker:
        exit_code, text = _run_python(["-m", module, "listen"], environment)
        talker.terminate()
    if exit_code == 0:
        return Finding(Level.GREEN, "DDS round trip", text)
    return Finding(Level.RED, "DDS round trip", text, "a firewall may block UDP on the loopback interface")


def check_network(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the variables that decide who can hear and command the lab."""
    reach = environment["ROS_AUTOMATIC_DISCOVERY_RANGE"].upper()
    if is_loopback_only(environment):
        yield Finding(Level.GREEN, "discovery", "this computer only")
    elif reach == "OFF":
        yield Finding(Level.RED, "discovery", "switched off", "unset ROS_AUTOMATIC_DISCOVERY_RANGE")
    else:
        advice = "others on the network can command the belts; unset ROS_AUTOMATIC_DISCOVERY_RANGE unless you want that"
        yield Finding(Level.AMBER, "discovery", f"ROS_AUTOMATIC_DISCOVERY_RANGE={reach}", advice)
    domain = environment.get("ROS_DOMAIN_ID", "0")
    if domain.isdecimal() and int(domain) <= 232:
        yield Finding(Level.GREEN, "domain", domain)
    else:
        yield Finding(Level.RED, "domain", f"ROS_DOMAIN_ID={domain}", "set it to a number from 0 to 232")
    if "ROS_LOCALHOST_ONLY" in environment:
        advice = "this release ignores it; use ROS_AUTOMATIC_DISCOVERY_RANGE"
        yield Finding(Level.AMBER, "ROS_LOCALHOST_ONLY", environment["ROS_LOCALHOST_ONLY"], advice)


def check_disk(free_bytes: float) -> Finding:
    """Judge the room for recordings in the current folder."""
    found = f"{free_bytes / 1e9:.1f} GB free here"
    if free_bytes < LEAST_FREE_BYTES:
        return Finding(Level.RED, "disk", found, "make room for the recordings")
    return Finding(Level.GREEN if free_bytes >= ENOUGH_FREE_BYTES else Level.AMBER, "disk", found)


def read_urls(config: Path) -> list[tuple[str, str]]:
    """Return name and URL of every device in a config file. Raises ``ValueError`` when it cannot be read."""
    return list(_urls(read_parameter_file(config), ()))


def _urls(tree: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if key in ("url", "right_url"):
            yield "/".join(part.strip("/*") for part in path if part != "ros__parameters"), str(value)
        else:
            yield from _urls(value, (*path, str(key)))


def check_address(name: str, url: str) -> Finding:
    """Look whether something is at a device's address. Nothing is sent to it."""
    try:
        address = parse_url(url)
    except ValueError as error:
        return Finding(Level.RED, name, url, f"not an address: {error}")
    if address.scheme == "serial":
        return _check_serial(name, Path(address.path))
    if address.scheme == "udp":
        return Finding(Level.AMBER, name, url, "a UDP address cannot be checked without sending to it")
    if address.scheme == "udp-listen":
        return _check_own(name, address.host, address.port)
    return _check_tcp(name, address.host, address.port)


def _check_serial(name: str, path: Path) -> Finding:
    if not path.exists():
        return Finding(Level.RED, name, f"{path} does not exist", "is it plugged in, and is this its name?")
    if not os.access(path, os.R_OK | os.W_OK):
        return Finding(
            Level.RED, name, f"no right to open {path}", f"sudo usermod -aG {path.group()} $USER, then log in again"
        )
    return Finding(Level.GREEN, name, str(path))


def _check_tcp(name: str, host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        advice = "is it switched on, on this network, and not connected to another program?"
        return Finding(Level.RED, name, f"{host}:{port}: {error.strerror or error}", advice)
    return Finding(Level.GREEN, name, f"{host}:{port}")


def _check_own(name: str, host: str, port: int) -> Finding:
    """Look whether this computer can listen at the address that a device sends to."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.bind(place)
    except OSError as error:
        advice = "it must be an address of this computer, and no other program may listen there"
        return Finding(Level.RED, name, f"{host}:{port}: {error.strerror or error}", advice)
    return Finding(Level.GREEN, name, f"this computer can listen at {host}:{port}")


def _run_python(words: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run this Python; return the exit code and the last line that it wrote."""
    command = [sys.executable, *words]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=CHILD_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return 1, f"no answer in {CHILD_TIMEOUT_S:.0f} s"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode, lines[-1] if lines else f"exit code {done.returncode}"
