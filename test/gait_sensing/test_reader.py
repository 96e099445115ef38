# SPDX-License-Identifier: Apache-2.0
"""Readers in their real threads, against emulated devices on real loopback sockets and pseudo-terminals."""

import math
import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from gait_sensing.imus import xsens_mti
from gait_sensing.load_cells import ati_net_ft
from gait_sensing.samples import BeltSetpoint, ForceReadings, ImuReading
from gait_sensing.treadmills import bertec_classic
from gait_sensing.wires.reader import Reader
from gait_sensing.wires.transport import WireError

DEADLINE_S = 30.0
READING = ImuReading(7, (0.0, 0.0, 9.75), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


@dataclass
class Host:
    """A reader with its driver, and what came through."""

    driver: xsens_mti.Driver = field(default_factory=lambda: xsens_mti.Driver(xsens_mti.Settings()))
    readings: list[ImuReading] = field(default_factory=list)
    reader: Reader | None = None

    def start(self, url: str, silent_s: float = math.inf) -> Reader:
        self.reader = Reader(url, self.driver, self.take, time.time, silent_s=silent_s)
        return self.reader

    def take(self, data: bytes, received_s: float) -> None:
        assert 0.0 <= time.time() - received_s < DEADLINE_S
        self.readings += self.driver.feed(data)


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    if host.reader is not None:
        host.reader.close()


def wait_for(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    end_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end_s, "the condition was not met in time"
        time.sleep(0.005)


class TcpDevice:
    """An emulated IMU that serves one host at a time."""

    def __init__(self, listener: socket.socket) -> None:
        listener.settimeout(DEADLINE_S)
        self.connection, _ = listener.accept()
        self.connection.settimeout(DEADLINE_S)
        self.emulator = xsens_mti.Emulator(xsens_mti.Settings())

    def set_up(self) -> None:
        while not self.emulator.is_streaming:
            data = self.connection.recv(4096)
            assert data, "the host closed the connection during the set-up"
            self.connection.sendall(self.emulator.feed(data))

    def send(self) -> None:
        self.connection.sendall(self.emulator.encode(READING))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def url_of(listener: socket.socket) -> str:
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_sets_the_device_up_and_hands_over(host: Host, listener: socket.socket) -> None:
    reader = host.start(url_of(listener))
    device = TcpDevice(listener)
    with device.connection:
        device.set_up()
        device.send()
        wait_for(lambda: host.readings)
        assert host.readings == [READING]
        health = reader.health()
        assert reader.is_connected
        assert health.is_connected
        assert health.open_count == 1
        assert abs(health.last_received_s - time.time()) < DEADLINE_S
        assert health.error == ""


def test_comes_back_after_the_device_closed(host: Host, listener: socket.socket) -> None:
    reader = host.start(url_of(listener))
    for visit in (1, 2, 3):
        device = TcpDevice(listener)
        with device.connection:
            device.set_up()
            device.connection.sendall(device.emulator.encode(READING)[:20])  # half a frame is forgotten
            device.send()
            wait_for(lambda visit=visit: len(host.readings) == visit)
        wait_for(lambda: not reader.is_connected or reader.health().open_count > visit)  # noqa: B023
    assert "closed by the device" in reader.health().error


def test_a_device_switched_on_later_is_found(host: Host, listener: socket.socket) -> None:
    url = url_of(listener)
    port = listener.getsockname()[1]
    listener.close()
    reader = host.start(url)
    wait_for(lambda: "cannot open" in reader.health().error)
    with pytest.raises(WireError, match="not connected"):
        reader.write(b"too early")
    with socket.create_server(("127.0.0.1", port)) as late:
        device = TcpDevice(late)
        with device.connection:
            device.set_up()
            device.send()
            wait_for(lambda: host.readings)


def test_a_silent_device_is_set_up_again(host: Host, listener: socket.socket) -> None:
    reader = host.start(url_of(listener), silent_s=0.3)
    while len(host.readings) < 2:  # a host that stood still meanwhile hangs up too early, and calls again
        device = TcpDevice(listener)
        with device.connection, suppress(OSError, AssertionError):
            device.set_up()
            device.send()
            while device.connection.recv(4096):  # the device says nothing more, so that the host hangs up
                pass
    wait_for(lambda: "nothing decoded for 0.3 s" in reader.health().error)


def test_noise_is_as_good_as_silence(host: Host, listener: socket.socket) -> None:
    host.start(url_of(listener), silent_s=0.3)
    first = TcpDevice(listener)
    stop = threading.Event()

    def babble() -> None:
        try:
            while not stop.wait(0.01):
                first.connection.sendall(b"noise")
        except OSError:
            return  # the host hung up, as it should

    thread = threading.Thread(target=babble)
    thread.start()
    try:
        second = TcpDevice(listener)
        with second.connection:
            assert second.connection.recv(4096) == host.driver.connect()
    finally:
        stop.set()
        thread.join()
        first.connection.close()


def test_survives_a_pulled_serial_line(host: Host, tmp_path: Path) -> None:
    link = tmp_path / "imu"
    reader = host.start(f"serial://{link}?baud_bps=115200")
    for visit in (1, 2):
        master, slave = pty.openpty()
        tty.setraw(slave)
        link.symlink_to(os.ttyname(slave))
        emulator = xsens_mti.Emulator(xsens_mti.Settings())
        while not emulator.is_streaming:
            os.write(master, emulator.feed(os.read(master, 4096)))
        os.write(master, emulator.encode(READING))
        wait_for(lambda visit=visit: len(host.readings) == visit)
        link.unlink()
        os.close(slave)
        os.close(master)
        wait_for(lambda: not reader.is_connected)
    assert reader.health().open_count == 2


@pytest.mark.parametrize("is_reachable", [True, False])
def test_closing_leaves_no_thread(host: Host, listener: socket.socket, is_reachable: bool) -> None:
    url = url_of(listener)
    if not is_reachable:
        listener.close()
    threads = threading.active_count()
    reader = host.start(url)
    wait_for(lambda: reader.is_connected if is_reachable else reader.health().error)
    reader.close()
    assert threading.active_count() == threads
    assert not reader.is_connected
    reader.close()
    with pytest.raises(WireError, match="not connected"):
        reader.write(b"too late")


def test_says_goodbye(listener: socket.socket) -> None:
    driver = bertec_classic.Driver(bertec_classic.Settings())
    reader = Reader(url_of(listener), driver, lambda data, received_s: None, time.time, silent_s=math.inf)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(DEADLINE_S)
        wait_for(lambda: reader.is_connected)
        reader.write(driver.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0)))
        reader.close()
        emulator = bertec_classic.Emulator(bertec_classic.Settings())
        while data := connection.recv(1000):
            emulator.feed(data)
        assert emulator.command_count == 2
        assert emulator.advance(10.0).left_speed_mps == 0.0


def test_a_failed_write_opens_the_wire_anew(listener: socket.socket) -> None:
    driver = bertec_classic.Driver(bertec_classic.Settings())
    reader = Reader(url_of(listener), driver, lambda data, received_s: None, time.time, silent_s=math.inf)
    try:
        listener.settimeout(DEADLINE_S)
        first, _ = listener.accept()
        with first:
            wait_for(lambda: reader.is_connected)

            def overfill() -> None:
                for _ in range(10_000):
                    reader.write(bytes(65536))  # the device takes none of it

            with pytest.raises(WireError):
                overfill()
            second, _ = listener.accept()
            second.close()
    finally:
        reader.close()


def test_a_serial_device_that_never_reads_holds_nobody_up() -> None:
    """Writing gives up, the wire is opened anew, and closing returns: each in a bounded time."""
    device, host = pty.openpty()
    tty.setraw(host)
    driver = bertec_classic.Driver(bertec_classic.Settings())
    url = f"serial://{os.ttyname(host)}?baud_bps=115200"
    reader = Reader(url, driver, lambda data, received_s: None, time.time, silent_s=math.inf)
    try:
        wait_for(lambda: reader.is_connected)

        def overfill() -> None:
            for _ in range(10_000):
                reader.write(bytes(3000))

        with pytest.raises(WireError):
            overfill()
        wait_for(lambda: "timeout" in reader.health().error)
    finally:
        reader.close()
        os.close(device)
        os.close(host)
    assert not reader.is_connected


def test_a_bug_in_the_consumer_is_not_hidden(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_value))

    def broken(data: bytes, received_s: float) -> None:
        raise ZeroDivisionError("a bug")

    driver = bertec_classic.Driver(bertec_classic.Settings())
    reader = Reader(url_of(listener), driver, broken, time.time)
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"x")
        wait_for(lambda: raised)
        assert isinstance(raised[0], ZeroDivisionError)
        wait_for(lambda: not reader.is_connected)
        reader._thread.join()
        with pytest.raises(RuntimeError, match="reader thread has died"):
            reader.health()
    reader.close()


class UdpHost:
    """A reader of an emulated load cell whose page and datagrams the test sends by hand."""

    def __init__(self, web_port: int, silent_s: float = math.inf) -> None:
        self.device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.device.bind(("127.0.0.1", 0))
        self.device.settimeout(DEADLINE_S)
        self.emulator = ati_net_ft.Emulator(ati_net_ft.Settings())
        self.driver = ati_net_ft.Driver(ati_net_ft.Settings())
        self.ticks: list[int] = []
        url = f"udp://127.0.0.1:{self.device.getsockname()[1]}?http_port={web_port}"
        self.reader = Reader(url, self.driver, self.take, time.time, silent_s=silent_s)

    def take(self, data: bytes, received_s: float) -> None:
        self.ticks += self.driver.feed(data).ticks.tolist()

    def send(self, tick: int, host: tuple[str, int]) -> None:
        reading = ForceReadings(np.array([tick]), np.ones((1, 3)), np.ones((1, 3)))
        self.device.sendto(self.emulator.encode(reading), host)

    def answer_until_it_comes(self, tick: int) -> None:
        """Answer whoever asks: a host that stood still meanwhile has given up, and asks again."""
        self.device.settimeout(0.05)

        def has_come() -> bool:
            with suppress(TimeoutError):
                _, address = self.device.recvfrom(100)
                self.send(tick, address)
            return tick in self.ticks

        wait_for(has_come)

    def __enter__(self) -> "UdpHost":
        return self

    def __exit__(self, *error: object) -> None:
        self.reader.close()
        self.device.close()


@contextmanager
def pages(answers: list[bytes]) -> Iterator[int]:
    """A web server that gives these pages one after the other, and the last for ever."""

    def answer(listener: socket.socket) -> None:
        while not closing.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            with client:
                client.settimeout(DEADLINE_S)
                assert client.recv(4096).startswith(b"GET /netftapi2.xml HTTP/1.1\r\n")
                page = answers.pop(0) if len(answers) > 1 else answers[0]
                client.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + page)

    closing = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            closing.set()
            thread.join()


def test_a_lost_start_is_asked_again() -> None:
    page = ati_net_ft.Emulator(ati_net_ft.Settings()).page()
    with pages([page]) as web_port, UdpHost(web_port, silent_s=0.2) as host:
        first, _ = host.device.recvfrom(100)  # and it is lost
        second, _ = host.device.recvfrom(100)
        assert first == second == host.driver.connect()
        host.answer_until_it_comes(7)
        assert "nothing decoded for 0.2 s" in host.reader.health().error


def test_empty_datagrams_are_as_good_as_silence() -> None:
    page = ati_net_ft.Emulator(ati_net_ft.Settings()).page()
    with pages([page]) as web_port, UdpHost(web_port, silent_s=0.2) as host:
        _, address = host.device.recvfrom(100)

        def say_nothing() -> bool:
            host.device.sendto(b"", address)
            return "nothing decoded" in host.reader.health().error

        wait_for(say_nothing)
        assert math.isnan(host.reader.health().last_received_s)


def test_a_page_of_no_use_is_told_and_fetched_again() -> None:
    page = ati_net_ft.Emulator(ati_net_ft.Settings()).page()
    with pages([page.replace(b">N<", b">stone<"), page]) as web_port, UdpHost(web_port) as host:
        wait_for(lambda: "page netftapi2.xml: scfgfu: got 'stone'" in host.reader.health().error)
        _, address = host.device.recvfrom(100)
        host.send(1, address)
        wait_for(lambda: host.ticks == [1])
        assert host.reader.health().open_count == 1  # without its page the wire is not opened


def test_a_udp_device_that_is_gone_is_looked_for_again() -> None:
    page = ati_net_ft.Emulator(ati_net_ft.Settings()).page()
    with pages([page]) as web_port, UdpHost(web_port, silent_s=0.2) as host:
        host.answer_until_it_comes(1)
        place = host.device.getsockname()
        host.device.close()
        wait_for(lambda: "refused" in host.reader.health().error)
        host.device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        host.device.bind(place)
        host.answer_until_it_comes(2)


def test_a_wrong_url_is_refused_at_once() -> None:
    driver = bertec_classic.Driver(bertec_classic.Settings())
    with pytest.raises(ValueError, match="expected serial"):
        Reader("treadmill", driver, lambda data, received_s: None, time.time)
