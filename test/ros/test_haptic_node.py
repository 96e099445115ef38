# SPDX-License-Identifier: Apache-2.0
"""The haptic node in a process of its own, with an emulated device on a real pseudo-terminal."""

import contextlib
import csv
import math
import os
import re
import signal
import time
import tty
from types import SimpleNamespace

import pytest
from gait_lab import msg
from rcl_interfaces.msg import Log

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

    def __init__(self, test_node, start_node, wait_until, receipts, health, url, driver, *more):
        self._node, self.spin = test_node
        self._wait_until, self.receipts, self.health = wait_until, receipts, health
        lines = [f"driver: {driver}", f'url: "{url}"', *more]
        config = "\n".join(["/**/haptic_node:", "  ros__parameters:", *(f"    {line}" for line in lines), ""])
        self._cues = self._node.create_publisher(msg.Cue, "feedback/cue", qos.CUE)
        self.process = start_node("haptic_node", config, package="gait_feedback")
        self.wait(lambda: self._cues.get_subscription_count() and self._node.count_publishers("feedback/receipt"))
        self._number = 0
        self.asked: set[int] = set()  # numbers of the cues that were to be answered

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

    def answered(self, is_wanted, **words):
        """Cue once a second until a receipt is wanted, for late cues are dropped; return that cue and its receipt."""
        cues, due_s = {}, 0.0

        def found():
            nonlocal due_s
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + 1.0
                cue = self.cue(**words)
                cues[cue.number] = cue
            return [(cues[each.number], each) for each in self.receipts if each.number in cues and is_wanted(each)]

        self.wait(found)
        self.asked |= cues.keys()
        return found()[0]

    def sent(self, **words):
        """Cue until a cue was sent; return it and its receipt."""
        return self.answered(lambda receipt: receipt.result == msg.CueReceipt.SENT, **words)

    def stop(self):
        """End the node; return what it said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, err
        return err


@pytest.fixture
def receipts(test_node):
    """Ordered before ``health``: a node that is heard there has found this subscription too."""
    node, _ = test_node
    found: list[msg.CueReceipt] = []
    node.create_subscription(msg.CueReceipt, "feedback/receipt", found.append, qos.EVENTS)
    return found


@pytest.fixture
def bench(test_node, start_node, wait_until, receipts, health):
    return lambda *arguments: Bench(test_node, start_node, wait_until, receipts, health, *arguments)


class Device:
    """The emulated device, and what it was told."""

    def __init__(self, folder, driver):
        self.url = f"serial://{folder}/haptic?baud_bps=115200"
        devices = {"haptic": DeviceConfig(actuators.__name__, {"driver": driver, "url": self.url})}
        self._truth = folder / "recording" / "truth_cues.csv"
        self._lab = SimulatedLab(devices, Walker(WalkerSettings()), folder / "recording")
        self._start_s = time.time()
        self._lab.start()

    def changes(self):
        with self._truth.open() as file:
            return [(float(row["time_s"]), float(row["intensity"])) for row in csv.DictReader(file)]

    def starts_s(self):
        return [time_s for time_s, intensity in self.changes() if intensity > 0.0]

    def is_off(self):
        return all(intensity == 0.0 for _, intensity in self.changes()[-1:])

    def age_s(self):
        return time.time() - self._start_s

    def lateness_s(self):
        """Return for how long it once stood still, as the whole machine did."""
        return self._lab.summary()["lateness"]["max_s"]

    def close(self):
        self._lab.close()


@pytest.fixture
def lab(tmp_path):
    """``lab(driver)``: a device, running."""
    running = []

    def start(driver):
        running.append(Device(tmp_path, driver))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def log(test_node):
    """What nodes log."""
    node, _ = test_node
    texts: list[str] = []
    node.create_subscription(Log, "/rosout", lambda message: texts.append(message.msg), qos.EVENTS)
    return texts


@pytest.fixture
def terminal(tmp_path):
    """Both ends of a serial line that a test serves by hand, and its address."""
    device, host = os.openpty()
    tty.setraw(host)
    os.set_blocking(device, False)
    os.set_blocking(host, False)
    yield device, host, f"serial://{os.ttyname(host)}?baud_bps=115200"
    os.close(device)
    os.close(host)


def test_a_cue_is_acknowledged_once_and_every_time_is_told(bench, lab):
    device = lab("gait_cue")
    bench = bench(device.url, "gait_cue")
    bench.wait_for_health("ok")
    cue, receipt = bench.answered(lambda receipt: receipt.is_acknowledged)
    assert receipt.result == msg.CueReceipt.SENT and receipt.text == ""
    assert (receipt.event, receipt.detected, receipt.decided) == (cue.event, cue.detected, cue.header.stamp)
    times_s = [values.seconds(each) for each in (receipt.decided, receipt.sent, receipt.acknowledged)]
    assert times_s == sorted(times_s) and 0.0 < receipt.device_time_s < device.age_s()
    bench.wait(lambda: device.starts_s() and device.is_off())
    bench.answered(lambda receipt: receipt.is_acknowledged)
    numbers = [receipt.number for receipt in bench.receipts]
    assert len(numbers) == len(set(numbers)) and set(numbers) <= bench.asked
    assert bench.stop() == ""
    bench.wait(device.is_off)


def test_a_device_that_acknowledges_nothing_has_its_receipt_at_once(bench, lab):
    bench = bench(lab("vibraforge_v2").url, "vibraforge_v2")
    bench.wait_for_health("ok")
    _, receipt = bench.sent()
    assert not receipt.is_acknowledged
    assert receipt.text == "" and math.isnan(receipt.device_time_s) and receipt.acknowledged.sec == 0

    def is_late(receipt):
        return receipt.result == msg.CueReceipt.DROPPED_LATE

    _, late = bench.answered(is_late, age_s=0.2)
    assert late.text.endswith(" s old") and math.isnan(late.device_time_s)
    _, ahead = bench.answered(is_late, age_s=-5.0)
    assert ahead.text.endswith(" s ahead of this computer's clock")
    assert bench.stop() == ""


def test_a_device_that_says_what_it_is_and_then_nothing_is_told_of(bench, terminal):
    device, _, url = terminal
    bench = bench(url, "gait_cue")
    bench.wait_for_health("has not said what it is")
    _, refused = bench.answered(lambda receipt: receipt.result == msg.CueReceipt.DROPPED_NO_LINK)
    assert "has not said what it is" in refused.text
    said, answered = bytearray(), 0

    def introduce():
        """Answer the newest query, as the device reopened its line."""
        nonlocal answered
        said.extend(read(device))
        if query := re.findall(rb"(?:^|\n)Q,(\d+)\*..(?=\n)", said)[answered:]:
            os.write(device, gait_cue.line(f"I,{int(query[-1])},1,2000,500"))
            answered += len(query)

    def is_unacknowledged(receipt):
        introduce()
        return receipt.result == msg.CueReceipt.SENT and receipt.text == "not acknowledged within 0.25 s"

    bench.wait(lambda: introduce() or bench.health.get("haptic") == "ok")
    _, receipt = bench.answered(is_unacknowledged)
    assert not receipt.is_acknowledged
    said.extend(read(device))
    assert b"\nC," in b"\n" + said
    bench.wait(lambda: "not acknowledged" in bench.health["haptic"] or "has not said" in bench.health["haptic"])
    bench.stop()


def test_a_node_killed_while_an_actuator_is_on_does_not_leave_it_on(bench, lab):
    device = lab("gait_cue")
    bench = bench(device.url, "gait_cue", "max_duration_s: 2.0")
    bench.wait_for_health("ok")
    bench.answered(lambda receipt: receipt.is_acknowledged, duration_s=2.0)
    bench.process.kill()
    killed_s = time.time()
    bench.wait(lambda: device.starts_s() and device.is_off())
    off_s, _ = device.changes()[-1]
    assert off_s - killed_s < 1.0 + device.lateness_s(), "by the silence of the host, before the cue was over"


def test_a_side_that_was_on_for_the_longest_time_is_left_off_for_a_pause(bench, lab):
    device = lab("vibraforge_v2")
    bench = bench(device.url, "vibraforge_v2", "max_duration_s: 0.1")
    bench.wait_for_health("ok")

    def refusals():
        return [receipt for receipt in bench.receipts if receipt.result == msg.CueReceipt.DROPPED_LIMIT]

    def is_refused():
        bench.cue(duration_s=1.0)
        bench.spin()
        return refusals()

    bench.wait(is_refused)
    assert refusals()[0].text.startswith("the left is left off for 0.2 s")
    bench.wait(lambda: device.starts_s() and device.is_off())
    bench.stop()


def test_a_cue_without_a_meaning_is_dropped_with_its_reason_and_the_node_lives_on(bench, lab, log):
    device = lab("vibraforge_v2")
    bench = bench(device.url, "vibraforge_v2")
    bench.wait_for_health("ok")

    def tenth_is_told():
        bench.cue(side=0)
        bench.cue(modality=SimpleNamespace(value=9))
        return all(any(f"dropped 10 so far: {what}" in text for text in log) for what in ("side", "modality"))

    bench.wait(tenth_is_told)
    bench.sent()
    bench.wait(lambda: device.starts_s() and device.is_off())
    said = bench.stop()
    assert {receipt.number for receipt in bench.receipts} <= bench.asked
    dropped = re.findall("/feedback/cue: dropped (10*) so far: (.*)", said)
    assert len(dropped) == len(set(dropped)) == said.count("dropped"), "told at 1, 10, 100, not at each"
    assert {reason for _, reason in dropped} == {
        "modality: got 9, expected one of 1, 2, 3",
        "side: got 0, expected one of 1, 2",
    }


@pytest.mark.parametrize(("setting", "own", "other"), [("vibration", 1, 2), ("sound", 2, 1)])
def test_a_node_takes_cues_of_its_own_modality_alone(bench, lab, setting, own, other):
    device = lab("vibraforge_v2")
    bench = bench(device.url, "vibraforge_v2", f"modality: {setting}")
    bench.wait_for_health("ok")
    bench.cue(modality=Modality(other))
    bench.cue(modality=Modality.TEXT)
    bench.sent(modality=Modality(own))
    bench.stop()
    assert {receipt.number for receipt in bench.receipts} <= bench.asked
    sent_count = sum(receipt.result == msg.CueReceipt.SENT for receipt in bench.receipts)
    bench.wait(lambda: len(device.starts_s()) >= sent_count and device.is_off())  # it hears it after the receipt
    assert len(device.starts_s()) == sent_count


def test_a_device_that_reads_nothing_does_not_keep_the_node_from_ending(bench, terminal):
    _, host, url = terminal
    bench = bench(url, "vibraforge_v2", "max_age_s: 1.0")
    bench.wait_for_health("ok")

    def is_given_up():
        fill(host)  # again and again: the system makes room once, as it moves on what was written
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


def fill(host):
    """Write to a line as its host does, until it takes no more."""
    with contextlib.suppress(BlockingIOError):
        while os.write(host, b"\xff" * 3000):
            pass
