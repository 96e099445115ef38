# SPDX-License-Identifier: Apache-2.0
"""Every driver has its page and its vectors, and the table of devices says what there is."""

import runpy
from pathlib import Path

import pytest
import yaml

from gait_parts.plugins import available, find
from gait_sensing.wires.transport import parse_url
from gait_sim.wire import device_wire

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools/hardware_table.py"))
DEVICES = TOOL["devices"]()
every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)


def values(block):
    """Every key and value in a config block, however deep."""
    for key, value in block.items():
        yield key, value
        if isinstance(value, dict):
            yield from values(value)


def test_page_is_fresh():
    assert TOOL["PAGE"].read_text() == TOOL["page"](), "run: python3 tools/hardware_table.py"


def test_every_driver_has_a_row():
    assert {package for package, _ in [(each.package, each.name) for each in DEVICES]} == set(TOOL["KINDS"])
    for package in TOOL["KINDS"]:
        assert [each.name for each in DEVICES if each.package == package] == available(package)


@every_device
def test_has_a_page_whose_config_names_it(device):
    configured = [dict(values(yaml.safe_load(block))) for block in device.configs()]
    assert device.name in [block.get("driver") for block in configured]


@every_device
def test_the_urls_of_its_page_are_understood(device):
    urls = [value for block in device.configs() for key, value in values(yaml.safe_load(block)) if key.endswith("url")]
    assert urls
    for url in urls:
        parse_url(url)


@every_device
def test_row_is_complete(device):
    cells = [cell.strip() for cell in device.row().strip("|").split("|")]
    assert len(cells) == 8
    assert all(cells)
    assert device.confidence().split()[0].strip(":;,") in ("high", "medium", "low")
    assert (device.emulated() != "no") == hasattr(find(device.package, device.name), "Emulator")
    assert device.contracts() == "yes"


@pytest.mark.parametrize(
    ("wire", "url"),
    [
        ("serial", "serial:///tmp/gait_lab_no_such_device?baud_bps=115200"),
        ("TCP", "tcp://127.0.0.1:4000"),
        ("UDP", "udp://127.0.0.1:4000"),
        ("ZeroMQ", "zmq://127.0.0.1:5555?data_port=5556&heartbeat_port=5560"),
    ],
)
def test_the_simulated_lab_has_the_wires_that_the_table_says(wire, url):
    if wire in TOOL["EMULATED_WIRES"]:
        device_wire(url)
    else:
        with pytest.raises(ValueError, match="cannot be emulated"):
            device_wire(url)
    assert wire in TOOL["WIRES"]


def test_vectors_are_counted_by_label(tmp_path):
    device = DEVICES[0]
    lines = ["# what", "[VENDOR] a | host | x | 01", "[SYNTH] b | device | y | 02", "[SYNTH] c | host | nothing |"]
    (tmp_path / "some.txt").write_text("\n".join(lines))

    class Other(type(device)):
        vectors = tmp_path / "some.txt"

    assert Other(device.package, device.name).vector_counts() == "1 vendor, 1 synthetic"
    (tmp_path / "some.txt").write_text("[GUESS] a | host | x | 01")
    with pytest.raises(ValueError, match=r"some\.txt: label GUESS"):
        Other(device.package, device.name).vector_counts()
