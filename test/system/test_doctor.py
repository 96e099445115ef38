# SPDX-License-Identifier: Apache-2.0
"""The doctor's table of a whole lab: on its own, with a wire pulled, and beside a session that walks."""

import os
import re
import time

import pytest

from gait_session.recording.reader import Recording

pytestmark = pytest.mark.timeout(600)

SEGMENTS = ["pelvis", *(f"{side}_{part}" for side in ("left", "right") for part in ("thigh", "shank", "foot"))]
STREAMS = {f"imu/{name}": 100 for name in SEGMENTS} | {"load_cell/left_belt": 1000, "load_cell/right_belt": 1000}


def lines(output):
    """Return level and finding of each line of a table, by what was looked at."""
    found = [re.match(r"(green|amber|red) +(\S.*?)  +(\S.*)", line) for line in output.splitlines()]
    return {match.group(2): (match.group(1), match.group(3)) for match in found if match}


def check_sound(table):
    """Every stream is there at its rate and nothing is wrong with it; in a running lab plates may await their zero."""
    for name, rate_hz in STREAMS.items():
        level, text = table[name]
        assert level == "green" or "not zeroed" in text, (name, text)
        assert level != "red", (name, text)
        rate = re.search(rf"([\d.]+) of {rate_hz} Hz, .* 0 lost, 0 bad, 1 times opened", text)
        assert rate, (name, text)
        assert float(rate.group(1)) == pytest.approx(rate_hz, rel=0.02)
    assert table["treadmill"][0] == "green"


@pytest.fixture
def environment(domain_id):
    return {**os.environ, "ROS_DOMAIN_ID": str(domain_id)}


def test_a_sound_lab_is_ready(write_config, emulated_lab, ask_doctor, environment, tmp_path):
    config = write_config(tmp_path)
    with emulated_lab(config):
        done = ask_doctor(environment, "--config", config)
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stderr
    check_sound(lines(done.stdout))
    assert "\nready" in done.stdout


def test_a_pulled_wire_is_red_with_advice(write_config, emulated_lab, ask_doctor, environment, tmp_path):
    config = write_config(tmp_path)
    with emulated_lab(config) as (lab, _):
        lab.unplug("right_shank")
        done = ask_doctor(environment, "--config", config)
    assert done.returncode == 1
    table = lines(done.stdout)
    assert {name for name, (level, _) in table.items() if level == "red"} == {"imu_node/right_shank", "imu/right_shank"}
    assert "does not exist" in table["imu_node/right_shank"][1]
    told = done.stdout.splitlines()
    (place,) = [number for number, line in enumerate(told) if line.startswith("red    imu/right_shank")]
    assert "not connected" in told[place]
    assert "-> is it plugged in" in told[place + 1]
    assert "not ready: see the red lines" in done.stdout


def test_it_reads_a_running_lab_without_disturbing_it(running_lab, write_config, ask_doctor, tmp_path):
    config = write_config(tmp_path)
    with running_lab(tmp_path, "--duration", "0") as lab:
        lab.wait_until_it_walks()
        now_s = time.monotonic()
        done = ask_doctor(lab.environment, "--config", config)
        walks_on = lab.walks_on(len(lab.lines), 1)
        has_stalled = lab.stalls.since(now_s)  # which stops the belts, too
        assert walks_on or has_stalled, lab.text()
        lab.operator("stop")
        assert lab.wait(90) == 0, lab.text()
    assert done.returncode == 0, done.stdout
    table = lines(done.stdout)
    assert "one is running" in table["lab"][1]
    assert not [name for name in table if name.startswith("imu_node/")]  # no address is tried while a lab uses it
    check_sound(table)
    assert "starting it again" not in lab.text()
    reasons = {r.message.reason for r in Recording(lab.recording).messages("treadmill/safety")}
    assert reasons <= {0, 1, 12} or has_stalled  # armed, not armed, and the node's own end
