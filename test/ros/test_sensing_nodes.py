# SPDX-License-Identifier: Apache-2.0
"""What a config may and may not say to the sensing nodes, and that they end cleanly; each in a real process."""

import signal
import socket

import numpy as np
import pytest
from gait_lab import msg

from gait_ros import qos
from gait_sensing.load_cells import moticon_opengo
from gait_sensing.samples import ForceReadings

LEFT_PLACE, RIGHT_PLACE = 25, 50  # of the insoles' total force among the numbers of a datagram


def parameters(node, *lines):
    return "\n".join([f"/**/{node}:", "  ros__parameters:", *(f"    {line}" for line in lines), ""])


def cell(name, url, *more, driver="sri_m8128"):
    return [f"{name}:", f"  driver: {driver}", f'  url: "{url}"', *(f"  {line}" for line in more)]


def imu(name, url, *more):
    return cell(name, url, *more, driver="xsens_mti")


def free_datagram_port():
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nowhere(tmp_path, name="nowhere"):
    return f"serial://{tmp_path}/{name}?baud_bps=115200"


def refused(process):
    """Return what a node says that does not start."""
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    return err


def stopped(process, number=signal.SIGINT):
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("node", "names"), [("imu_node", "segments"), ("load_cell_node", "names")])
def test_a_node_without_any_sensor_idles(start_node, test_node, wait_until, node, names, number):
    process = start_node(node, parameters(node, "record_raw_bytes: false"))
    ours, spin = test_node
    wait_until(lambda: node in ours.get_node_names(), spin, deadline_s=60.0)
    assert not [topic for topic, _ in ours.get_topic_names_and_types() if topic.startswith(("/imu/", "/load_cell/"))]
    assert process.poll() is None
    stopped(process, number)


@pytest.mark.parametrize("node", ["imu_node", "load_cell_node"])
def test_a_node_whose_wires_are_not_there_says_so_and_ends_cleanly(
    start_node, test_node, wait_until, health, tmp_path, node
):
    names = "segments" if node == "imu_node" else "names"
    block = imu if node == "imu_node" else cell
    lines = [f"{names}: [left, right]", *block("left", nowhere(tmp_path, "l")), *block("right", nowhere(tmp_path, "r"))]
    process = start_node(node, parameters(node, *lines))
    _, spin = test_node
    kind = "imu" if node == "imu_node" else "load_cell"
    for side in ("left", "right"):
        words = "not connected", f"{tmp_path}/{side[0]}"
        wait_until(lambda: all(word in health.get(f"{kind}/{side}", "") for word in words), spin, deadline_s=60.0)  # noqa: B023
    stopped(process)


def test_lists_are_settable_from_a_config(start_node, test_node, wait_until):
    port = free_datagram_port()
    doubled = [0.0] * 36
    doubled[::7] = [2.0] * 6
    lines = ["names: [left_insole]"]
    lines += cell("left_insole", f"udp-listen://127.0.0.1:{port}", f"matrix: {doubled}", driver="moticon_opengo")
    lines += ["  size_m: [0.3, 0.1]", "  plate_centre_m: [0.0, 0.0]", '  axes: ["+x", "+y", "+z"]']
    lines += ["  corrects_drift: false"]
    process = start_node("load_cell_node", parameters("load_cell_node", *lines))
    node, spin = test_node
    batches = []
    node.create_subscription(msg.ForceSamples, "load_cell/left_insole/samples", batches.append, qos.SAMPLES)
    with socket.socket(type=socket.SOCK_DGRAM) as app:

        def send():
            app.sendto(datagram(100.0, 0.0), ("127.0.0.1", port))
            spin()

        wait_until(lambda: batches, send, deadline_s=60.0)
    assert batches[0].force_n[2::3] == pytest.approx([200.0] * len(batches[0].time_offset_s))
    stopped(process)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("matrx: [1.0]", ["left.matrx", "left.matrix"]),
        ("matrix: [1.0, 2.0]", ["left.matrix", "36"]),
        ('matrix: "none"', ["left.matrix"]),
        ("size_m: [0.3]", ["left.size_m", "2"]),
        ('axes: ["+x", "+x", "+z"]', ["left.axes"]),
        ("delay_s: 2.0", ["left.delay_s"]),
        ("driver_: x", ["left.driver_"]),
    ],
)
def test_a_wrong_setting_of_a_load_cell_is_named(start_node, tmp_path, line, words):
    lines = ["names: [left]", *cell("left", nowhere(tmp_path), line)]
    err = refused(start_node("load_cell_node", parameters("load_cell_node", *lines)))
    assert all(word in err for word in ["load_cell_node", *words]), err


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (
            ["right:", "  driver: no_such_driver", '  url: "serial:///dev/x?baud_bps=1"'],
            ["right.driver: no part 'no_such_driver'"],
        ),
        (["right:", "  driver: xsens_mti", '  url: "serial:///dev/x"'], ["serial:///dev/x", "baud_bps"]),
        (["right:", "  driver: xsens_mti"], ["right.url"]),
        ([], ["right.url"]),
        (["right:", '  topic: "not a topic"'], ["imu/right", "not a topic"]),
    ],
)
def test_a_wrong_second_imu_ends_the_node_although_the_first_is_right(start_node, tmp_path, right, words):
    """A reader thread that was started already would keep the process alive for ever."""
    lines = ["segments: [left, right]", *imu("left", nowhere(tmp_path)), *right]
    err = refused(start_node("imu_node", parameters("imu_node", *lines)))
    assert all(word in err for word in words), err


def test_a_wrong_second_wire_of_a_treadmill_ends_the_node(start_node, tmp_path):
    lines = ["driver: trackmaster", f'url: "{nowhere(tmp_path)}"', 'right_url: "serial:///dev/x"']
    assert "serial:///dev/x" in refused(start_node("treadmill_node", parameters("treadmill_node", *lines)))


@pytest.mark.parametrize("node", ["imu_node", "load_cell_node"])
def test_a_wire_of_a_device_that_is_spoken_to_cannot_be_shared(start_node, tmp_path, node):
    names, block, kind = ("segments", imu, "imu") if node == "imu_node" else ("names", cell, "load_cell")
    url = nowhere(tmp_path)
    lines = [f"{names}: [left, other, right]", *block("left", url)]
    lines += [*block("other", nowhere(tmp_path, "other")), *block("right", url)]
    err = refused(start_node(node, parameters(node, *lines)))
    assert f"{kind}/left and {kind}/right share {url}" in err


def datagram(left_n, right_n):
    """Return what the insoles' app sends."""
    numbers = ["0"] * 51
    numbers[LEFT_PLACE], numbers[RIGHT_PLACE] = f"{left_n:.1f}", f"{right_n:.1f}"
    return " ".join(numbers).encode()


def test_two_insoles_share_the_datagrams_of_one_app(start_node, test_node, wait_until, health):
    readings = moticon_opengo.Driver(moticon_opengo.Settings()).feed(datagram(300.0, 500.0))
    assert isinstance(readings, ForceReadings) and np.allclose(readings.force_n[:, 2], 300.0)
    port = free_datagram_port()
    url = f"udp-listen://127.0.0.1:{port}"
    lines = ["names: [left_insole, right_insole]"]
    for side in ("left", "right"):
        lines += cell(f"{side}_insole", url, f"side: {side}", driver="moticon_opengo")
    process = start_node("load_cell_node", parameters("load_cell_node", *lines))
    node, spin = test_node
    vertical_n = {"left": set(), "right": set()}
    for side, found in vertical_n.items():
        topic = f"load_cell/{side}_insole/samples"

        def take(message, found=found):
            found.update(message.force_n[2::3])

        node.create_subscription(msg.ForceSamples, topic, take, qos.SAMPLES)
    with socket.socket(type=socket.SOCK_DGRAM) as app:

        def send():
            app.sendto(datagram(300.0, 500.0), ("127.0.0.1", port))
            spin()

        wait_until(lambda: all(vertical_n.values()) and len(health) == 2, send, deadline_s=60.0)
    assert vertical_n == {"left": {300.0}, "right": {500.0}}
    assert set(health) == {"load_cell/left_insole", "load_cell/right_insole"}
    stopped(process)
