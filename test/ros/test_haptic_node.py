# SPDX-License-Identifier: Apache-2.0
"""The haptic node in a process of its own, with an emulated device on a real pseudo-terminal."""

import csv
import math
import os
import signal
import tty
from types import SimpleNamespace

import pytest
from gait_lab import msg

from gait_feedback import actuators
from gait_feedback.actuators import gait_cue
from gait_feedback.cue import Modality
from gait_ros import qos
from gait_ros.messages import to_stamp, values
from gait_sim.emulated_device import DeviceConfig
from gait_sim.simulated_lab import SimulatedLab
from gait_sim.walker import Walker, WalkerSettings

DEADLINE_S = 60.0


class Bench:
    """A haptic node, the test's end of its topics, and what it says."""

    def __init__(self, test_node, start_node, wait_until, health, url, driver, *more):
        self._node, self.spin = test_node
        self._wait_until, self.health = wait_until, health
        lines = [f"driver: {driver}", f'url: "{url}"', *more]
        config = "\n".join(["/**/haptic_node:", "  ros__parameters:", *(f"    {line}" for line in lines), ""])
        self.receipts: list[msg.CueReceipt] = []
        self._cues = self._node.create_publisher(msg.Cue, "feedback/cue", qos.CUE)
        self._node.create_subscription(msg.CueReceipt, "feedback/receipt", self.receipts.append, qos.EVENTS)
        self.process = start_node("haptic_node", config, package="gait_feedback")
        self.wait(lambda: self._cues.get_subscription_count() and self._node.count_publishers("feedback/receipt"))
        self._number = 0

    def wait(self, condition):
        self._wait_until(condition, self.spin, deadline_s=DEADLINE_S)

    def wait_for_health(self, words):
        self.wait(lambda: words in self.health.get("haptic", ""))

    def now_s(self):
        return self._node.get_clock().now().nanoseconds * 1e-9

    def cue(self, duration_s=0.1, modality=Modality.VIBRATION, side=msg.LimbState.SIDE_LEFT, age_s=0.0):
        self._number += 1
        message = msg.Cue(number=self._number, side=side, modality=modality.value, intensity=0.5, duration_s=duration_s)
        now_s = self.now_s()
        message.header.stamp, message.event = to_stamp(now_s - age_s), to_stamp(now_s - 0.03)
        message.detected = to_stamp(now_s - 0.01)
        self._cues.publish(message)
        return message

    def receipt(self, message):
        """Return the one receipt of a cue."""
        self.wait(lambda: any(receipt.number == message.number for receipt in self.receipts))
        (receipt,) = [receipt for receipt in self.receipts if receipt.number == message.number]
        return receipt

    def stop(self):
        """End the node; return what it said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, err
        return err


@pytest.fixture
def bench(test_node, start_node, wait_until, health):
    return lambda *arguments: Bench(test_node, start_node, wait_until, health, *arguments)


@pytest.fixture
def lab(tmp_path):
    """``lab(driver)``: the emulated device, running, its address, and what it was told as rows of a table."""
    running = []

    def start(driver):
        url = f"serial://{tmp_path}/haptic?baud_bps=115200"
        devices = {"haptic": DeviceConfig(actuators.__name__, {"driver": driver, "url": url})}
        running.append(SimulatedLab(devices, Walker(WalkerSettings()), tmp_path / "recording"))
        running[-1].start()

        def changes():
            with (tmp_path / "recording" / "truth_cues.csv").open() as file:
                return [(float(row["time_s"]), float(row["intensity"])) for row in csv.DictReader(file)]

        return url, changes

    yield start
    for each in running:
        each.close()


@pytest.fixture
def terminal(tmp_path):
    """The device's end of a serial line that a test serves by hand, and its address."""
    device, host = os.openpty()
    tty.setraw(host)
    os.set_blocking(device, False)
    yield device, f"serial://{os.ttyname(host)}?baud_bps=115200"
    os.close(device)
    os.close(host)


def test_a_cue_is_acknowledged_once_and_every_time_is_told(bench, lab):
    url, changes = lab("gait_cue")
    bench = bench(url, "gait_cue")
    bench.wait_for_health("ok")
    cue = bench.cue()
    receipt = bench.receipt(cue)
    assert receipt.result == msg.CueReceipt.SENT and receipt.is_acknowledged and receipt.text == ""
    assert (receipt.event, receipt.detected, receipt.decided) == (cue.event, cue.detected, cue.header.stamp)
    times_s = [values.seconds(each) for each in (receipt.decided, receipt.sent, receipt.acknowledged)]
    assert times_s == sorted(times_s) and 0.0 < receipt.device_time_s < 60.0
    bench.wait(lambda: changes()[-1][1] == 0.0 and any(intensity > 0.0 for _, intensity in changes()))
    second = bench.cue()
    bench.receipt(second)
    assert [receipt.number for receipt in bench.receipts] == [cue.number, second.number]
    assert bench.stop() == ""
    assert changes()[-1][1] == 0.0


def test_a_device_that_acknowledges_nothing_has_its_receipt_at_once(bench, lab):
    url, _ = lab("vibraforge_v2")
    bench = bench(url, "vibraforge_v2")
    bench.wait_for_health("ok")
    receipt = bench.receipt(bench.cue())
    assert receipt.result == msg.CueReceipt.SENT and not receipt.is_acknowledged
    assert receipt.text == "" and math.isnan(receipt.device_time_s) and receipt.acknowledged.sec == 0
    late = bench.receipt(bench.cue(age_s=0.2))
    assert late.result == msg.CueReceipt.DROPPED_LATE and math.isnan(late.device_time_s)
    assert late.text.endswith(" s old")
    ahead = bench.receipt(bench.cue(age_s=-5.0))
    assert ahead.result == msg.CueReceipt.DROPPED_LATE and ahead.text.endswith(" s ahead of this computer's clock")
    assert bench.stop() == ""


def test_a_device_that_says_what_it_is_and_then_nothing_is_told_of(bench, terminal):
    device, url = terminal
    bench = bench(url, "gait_cue")
    bench.wait_for_health("has not said what it is")
    refused = bench.receipt(bench.cue())
    assert refused.result == msg.CueReceipt.DROPPED_NO_LINK and "has not said what it is" in refused.text

    def introduce():
        """Answer the newest query, as the device reopened its line."""
        data = read(device)
        if query := [line for line in data.splitlines() if line.startswith(b"Q")]:
            os.write(device, gait_cue.line(f"I,{int(query[-1].split(b'*')[0][2:])},1,2000,500"))
        return bench.health.get("haptic") == "ok"

    bench.wait(introduce)
    receipt = bench.receipt(bench.cue())
    assert receipt.result == msg.CueReceipt.SENT and not receipt.is_acknowledged
    assert "not acknowledged within 0.25 s" in receipt.text
    assert b"\nC," in b"\n" + read(device)
    bench.wait(lambda: "not acknowledged" in bench.health["haptic"] or "has not said" in bench.health["haptic"])
    bench.stop()


def test_a_node_killed_while_an_actuator_is_on_does_not_leave_it_on(bench, lab):
    url, changes = lab("gait_cue")
    bench = bench(url, "gait_cue", "max_duration_s: 2.0")
    bench.wait_for_health("ok")
    bench.cue(duration_s=2.0)
    bench.wait(lambda: any(intensity > 0.0 for _, intensity in changes()))
    bench.process.kill()
    (began_s,) = [time_s for time_s, intensity in changes() if intensity > 0.0]
    bench.wait(lambda: changes()[-1][1] == 0.0)
    assert changes()[-1][0] - began_s < 1.9, "by the silence of the host, before the cue was over"


def test_a_side_that_was_on_for_the_longest_time_is_left_off_for_a_pause(bench, lab):
    url, changes = lab("vibraforge_v2")
    bench = bench(url, "vibraforge_v2", "max_duration_s: 0.1")
    bench.wait_for_health("ok")

    def refusals():
        return [receipt for receipt in bench.receipts if receipt.result == msg.CueReceipt.DROPPED_LIMIT]

    def is_refused():
        bench.cue(duration_s=1.0)
        bench.spin()
        return refusals()

    bench.wait(is_refused)
    assert refusals()[0].text.startswith("the left is left off for 0.2 s")
    bench.wait(lambda: changes()[-1][1] == 0.0)
    bench.stop()


def test_a_cue_without_a_meaning_is_dropped_with_its_reason_and_the_node_lives_on(bench, lab):
    url, changes = lab("vibraforge_v2")
    bench = bench(url, "vibraforge_v2")
    bench.wait_for_health("ok")
    for _ in range(3):
        bench.cue(side=0)
    bench.cue(modality=SimpleNamespace(value=9))
    taken = bench.receipt(bench.cue())
    assert taken.result == msg.CueReceipt.SENT
    bench.wait(lambda: changes()[-1][1] == 0.0 and any(intensity > 0.0 for _, intensity in changes()))
    said = bench.stop()
    assert [receipt.number for receipt in bench.receipts] == [taken.number]
    assert "/feedback/cue: dropped 1 so far: modality: got 9, expected one of 1, 2, 3" in said
    assert said.count("/feedback/cue: dropped 1 so far: side: got 0, expected one of 1, 2") == 1
    assert said.count("dropped") == 2, "told once, not at each"


@pytest.mark.parametrize(("setting", "own", "other"), [("vibration", 1, 2), ("sound", 2, 1)])
def test_a_node_takes_cues_of_its_own_modality_alone(bench, lab, setting, own, other):
    url, changes = lab("vibraforge_v2")
    bench = bench(url, "vibraforge_v2", f"modality: {setting}")
    bench.wait_for_health("ok")
    bench.cue(modality=Modality(other))
    bench.cue(modality=Modality.TEXT)
    taken = bench.receipt(bench.cue(modality=Modality(own)))
    bench.wait(lambda: any(intensity > 0.0 for _, intensity in changes()))  # the device hears it after the receipt
    bench.stop()
    assert [receipt.number for receipt in bench.receipts] == [taken.number]
    assert sum(intensity > 0.0 for _, intensity in changes()) == 1


def test_a_device_that_reads_nothing_does_not_keep_the_node_from_ending(bench, terminal):
    _, url = terminal
    bench = bench(url, "vibraforge_v2", "max_age_s: 1.0")
    bench.wait_for_health("ok")
    fill(url)

    def is_given_up():
        bench.cue()
        bench.spin()
        return any(receipt.result == msg.CueReceipt.DROPPED_NO_LINK for receipt in bench.receipts)

    bench.wait(is_given_up)
    assert "could not reach the actuator" in bench.stop()


def read(device):
    """Return what the host has written."""
    data = b""
    try:
        while piece := os.read(device, 4096):
            data += piece
    except BlockingIOError:
        pass
    return data


def fill(url):
    """Write to a line as its host does, until it takes no more."""
    path = url.removeprefix("serial://").split("?")[0]
    host = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        while os.write(host, b"\xff" * 3000):
            pass
    except BlockingIOError:
        pass
    finally:
        os.close(host)
