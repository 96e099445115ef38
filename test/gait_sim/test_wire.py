# SPDX-License-Identifier: Apache-2.0
"""The device's end of a wire: reaches the host's end, never blocks, and never takes a real device's address."""

import os
import socket

import pytest

from gait_sensing.wires.transport import WireError, fetch_page, open_wire
from gait_sim.page_server import Pages
from gait_sim.wire import DeviceWire, device_wire


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=["serial", "tcp"])
def url(request, tmp_path):
    if request.param == "serial":
        return f"serial://{tmp_path}/wires/device?baud_bps=921600"
    return f"tcp://127.0.0.1:{free_port()}"


def udp_url(scheme: str = "udp") -> str:
    query = f"?http_port={free_port()}" if scheme == "udp" else ""
    return f"{scheme}://127.0.0.1:{free_port(socket.SOCK_DGRAM)}{query}"


@pytest.fixture
def opened():
    wires: list[DeviceWire] = []

    def make(url: str, pages: Pages | None = None) -> DeviceWire:
        wires.append(device_wire(url, pages))
        wires[-1].open()
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


def heard(wait_until, wire: DeviceWire, count: int) -> bytes:
    data = bytearray()
    wait_until(lambda: len(data) >= count, lambda: data.extend(wire.read()))
    return bytes(data)


def test_bytes_go_both_ways_untouched(url, opened, wait_until):
    device = opened(url)
    host = open_wire(url)
    every_byte = bytes(range(256))
    host.write(every_byte)
    assert heard(wait_until, device, 256) == every_byte
    assert device.write(every_byte)
    received = bytearray()
    wait_until(lambda: len(received) >= 256, lambda: received.extend(host.read(0.1)))
    assert bytes(received) == every_byte
    assert device.dropped_byte_count == 0
    host.close()


def test_what_a_host_does_not_read_is_dropped_whole_and_counted(url, opened, wait_until):
    device = opened(url)
    host = open_wire(url)
    host.write(b"!")
    heard(wait_until, device, 1)
    messages = [b"%08d" % number * 16 for number in range(60000)]
    sent = [message for message in messages if device.write(message)]
    assert 0 < len(sent) < len(messages)
    assert device.dropped_byte_count == 128 * (len(messages) - len(sent))
    received = bytearray()

    def receive() -> None:
        received.extend(host.read(0.01))
        if device.write(b"x" * 128):
            sent.append(b"x" * 128)

    wait_until(lambda: len(received) >= 128 * len(sent) or len(sent) > 60000, receive)
    assert bytes(received) == b"".join(sent)[: len(received)]  # no torn message in between
    host.close()


def test_a_host_may_come_and_go(url, opened, wait_until):
    device = opened(url)
    for number in range(3):
        host = open_wire(url)
        host.write(b"%d" % number)
        assert heard(wait_until, device, 1) == b"%d" % number
        host.close()
        wait_until(lambda: not device.read(), lambda: None)


def test_a_pulled_plug_breaks_the_hosts_wire_and_can_be_put_back(url, opened, wait_until):
    device = opened(url)
    host = open_wire(url)
    host.write(b"a")
    heard(wait_until, device, 1)
    device.close()
    with pytest.raises(WireError):
        while True:
            host.read(0.1)
    host.close()
    with pytest.raises(WireError):
        open_wire(url)
    assert device.filenos() == []
    assert not device.write(b"b")
    assert device.read() == b""
    device.open()
    host = open_wire(url)
    host.write(b"c")
    assert heard(wait_until, device, 1) == b"c"
    host.close()


def test_a_second_tcp_host_waits_until_the_first_has_gone(opened, wait_until):
    url = f"tcp://127.0.0.1:{free_port()}"
    device = opened(url)
    first, second = open_wire(url), None
    first.write(b"1")
    assert heard(wait_until, device, 1) == b"1"
    second = open_wire(url)
    second.write(b"2")
    first.write(b"3")
    assert heard(wait_until, device, 1) == b"3"
    first.close()
    assert heard(wait_until, device, 1) == b"2"
    second.close()


def test_datagrams_go_both_ways_whole_to_whoever_asked_last(opened, wait_until):
    url = udp_url()
    device = opened(url)
    assert not device.write(b"nobody asked yet")
    assert device.read() == b""
    first, second = open_wire(url), open_wire(url)
    for host, name in ((first, b"1"), (second, b"2"), (first, b"3")):
        host.write(name * 3)
        assert heard(wait_until, device, 3) == name * 3
        assert device.write(b"one")
        assert device.write(b"two")
        assert [host.read(5.0), host.read(5.0)] == [b"one", b"two"]
    assert second.read(0.0) == b""
    assert device.dropped_byte_count == 0
    assert not device.write(bytes(70_000))  # longer than a datagram can be
    assert device.dropped_byte_count == 70_000
    first.close()
    second.close()


def test_a_pulled_udp_plug_is_noticed_by_a_host_that_asks(opened, wait_until):
    url = udp_url()
    device = opened(url, {"page.xml": lambda: b"<page/>"})
    host = open_wire(url)
    host.write(b"a")
    heard(wait_until, device, 1)
    device.close()
    device.close()
    assert (device.filenos(), device.read(), device.write(b"b")) == ([], b"", False)
    with pytest.raises(WireError, match="refused"):
        host.write(b"still there?")
        host.read(5.0)
    with pytest.raises(WireError, match="refused"):
        fetch_page(url, "page.xml")
    device.open()
    assert fetch_page(url, "page.xml") == b"<page/>"
    assert not device.write(b"b")  # who asked before is forgotten
    host.write(b"c")
    assert heard(wait_until, device, 1) == b"c"
    host.close()


def test_only_its_own_pages_are_served(opened):
    url = udp_url()
    opened(url, {"page.xml": lambda: b"<page/>"})
    with pytest.raises(WireError, match="404"):
        fetch_page(url, "other.xml")


def test_a_visitor_who_says_nothing_does_not_hold_the_plug(opened):
    port = free_port()
    device = opened(f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?http_port={port}", {"page.xml": lambda: b""})
    with socket.create_connection(("127.0.0.1", port)) as visitor:
        visitor.settimeout(10.0)
        assert visitor.recv(100) == b""
        device.close()


def test_a_port_that_is_taken_leaves_nothing_open(opened):
    url = udp_url()
    opened(url, {"page.xml": lambda: b""})
    with pytest.raises(OSError, match=r"cannot open 127\.0\.0\.1:"):
        device_wire(url).open()
    other = device_wire(url.replace("udp://127.0.0.1", "udp://127.0.0.2"), {"page.xml": lambda: b""})
    other.open()
    other.close()
    same_page = device_wire(f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?{url.split('?')[1]}", {"x": lambda: b""})
    with pytest.raises(OSError, match="cannot serve pages on port"):
        same_page.open()
    assert same_page.filenos() == []


def test_a_device_that_sends_unasked_reaches_a_host_that_comes_and_goes(opened, wait_until):
    url = udp_url("udp-listen")
    device = opened(url)
    for number in range(2):
        wait_until(lambda: not device.write(b"?"), device.read)  # nobody listens
        assert not device.write(b"?")
        host = open_wire(url)
        assert device.write(b"%d" % number)
        assert host.read(5.0) == b"%d" % number
        assert device.read() == b""
        host.close()
    device.close()
    assert not device.write(b"x")
    device.open()
    assert device.filenos() != []


@pytest.mark.parametrize(
    "url",
    [
        "serial:///dev/ttyUSB0?baud_bps=921600",
        "serial:///dev/gait_lab_not_there?baud_bps=921600",
        "tcp://192.168.0.108:4008",
        "tcp://example.org:4000",
        "tcp://0.0.0.0:4000",
        "udp://192.168.1.1:49152",
        "udp://0.0.0.0:49152",
        "udp-listen://0.0.0.0:8888",
        "udp-listen://192.168.1.1:8888",
        "",
    ],
)
def test_an_address_that_may_be_a_real_devices_is_refused(url):
    with pytest.raises(ValueError, match="url"):
        device_wire(url)


def test_nothing_but_an_old_link_of_ours_is_replaced(tmp_path, opened):
    url = f"serial://{tmp_path}/device?baud_bps=9600"
    path = tmp_path / "device"
    path.write_text("precious")
    with pytest.raises(ValueError, match="refused"):
        device_wire(url)
    path.unlink()
    path.symlink_to("/dev/null")
    with pytest.raises(ValueError, match="refused"):
        device_wire(url)
    path.unlink()
    path.symlink_to("/dev/pts/987654")  # what a killed lab leaves
    device = opened(url)
    assert path.resolve().exists()
    device.close()
    device.close()
    assert not os.path.lexists(path)


def test_somebody_elses_file_that_came_meanwhile_stays(tmp_path):
    device = device_wire(f"serial://{tmp_path}/device?baud_bps=9600")
    (tmp_path / "device").write_text("precious")
    with pytest.raises(FileExistsError):
        device.open()
    assert (tmp_path / "device").read_text() == "precious"
