# SPDX-License-Identifier: Apache-2.0
"""The simulated lab over its real wires: what is sent arrives, at its time, and the truth log agrees with it."""

import csv
import json
import math
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gait_feedback.cue import ActuatorChange
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.samples import BeltReading, BeltSetpoint, ForceSamples, ImuSample, Side
from gait_sensing.streams import ImuStream, LoadCellStream
from gait_sensing.wires.reader import Reader
from gait_sim.emulated_device import DeviceConfig
from gait_sim.recorded import Recorded, RecordedSettings
from gait_sim.simulated_lab import SimulatedLab, read_devices
from gait_sim.walker import Walker, WalkerSettings

CONFIG = Path(__file__).parents[2] / "config" / "simulated_lab.yaml"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def devices(folder: Path, *names: str) -> dict[str, DeviceConfig]:
    """These devices of the project's config, at addresses of their own."""
    text = CONFIG.read_text().replace("/tmp/gait_lab/", f"{folder}/wires/")
    for port in ("4008", "4000"):
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
    path = folder / "lab.yaml"
    path.write_text(text)
    return {name: device for name, device in read_devices(path).items() if name in names}


class Host:
    """The other end: readers and streams as the nodes have them."""

    def __init__(self, found: dict[str, DeviceConfig], now: Callable[[], float]) -> None:
        self.samples: dict[str, list[ForceSamples | ImuSample]] = {}
        self.belts: list[BeltReading] = []
        self.streams: dict[str, LoadCellStream | ImuStream] = {}
        self.drivers, self.readers = {}, {}
        for name, config in found.items():
            part, settings = config.part()
            self.drivers[name] = driver = part.Driver(settings)
            on_data = self._receiver(name, config, driver)
            self.readers[name] = Reader(config.values["url"], driver, on_data, now, silent_s=math.inf)

    def _receiver(self, name, config, driver):
        if name == "treadmill":
            return lambda data, _: self.belts.extend(driver.feed(data))
        if name == "haptic":
            return lambda data, _: driver.feed(data)
        if "load_cells" in config.package:
            calibration = LoadCellCalibration(CalibrationSettings(origin_m=config.values["origin_m"]))
            stream = LoadCellStream(name, driver, clock_for(driver), calibration)
        else:
            stream = ImuStream(name, driver, clock_for(driver))
        self.streams[name], self.samples[name] = stream, []

        def receive(data: bytes, received_s: float) -> None:
            samples = stream.feed(data, received_s)
            self.samples[name] += samples if isinstance(samples, list) else [samples] if samples else []

        return receive

    def count(self, name: str) -> int:
        return self.streams[name].health.sample_count

    def forces(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        batches = list(self.samples[name])
        return np.concatenate([b.time_s for b in batches]), np.concatenate([b.force_n[:, 2] for b in batches])

    def close(self) -> None:
        for reader in self.readers.values():
            reader.close()


@pytest.fixture
def running(tmp_path):
    """Start a lab and a host; close both whatever happens."""
    closed_later = []

    def start(person, *names, now=time.time):
        found = devices(tmp_path, *names)
        lab = SimulatedLab(found, person, tmp_path / "recording", now)
        lab.start()
        closed_later.append(lab)
        host = Host(found, now)
        closed_later.append(host)
        return lab, host

    yield start
    for each in reversed(closed_later):
        each.close()


@pytest.fixture
def wait(wait_until):
    return lambda condition: wait_until(condition, lambda: time.sleep(0.005), deadline_s=60.0)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_all_that_is_sent_arrives_and_loads_begin_and_end_at_the_true_events(tmp_path, running, wait):
    names = ("left_belt", "right_belt", "treadmill", "left_foot")
    lab, host = running(Walker(WalkerSettings()), *names)
    wait(lambda: host.belts and all(host.count(name) > 50 for name in host.streams))
    host.readers["treadmill"].write(host.drivers["treadmill"].command(BeltSetpoint(0.8, 0.8, 2.0, 0.0)))
    truth_path = tmp_path / "recording" / "truth_events.csv"
    wait(lambda: len(rows(truth_path)) >= 4)
    wait(lambda: host.belts[-1].left_speed_mps == 0.8)
    last_s = float(rows(truth_path)[-1]["time_s"])
    wait(lambda: all(host.forces(f"{side.value}_belt")[0][-1] > last_s + 0.1 for side in Side))
    closing_s = time.monotonic()
    host.close()
    lab.close()
    closing_s = time.monotonic() - closing_s
    for row in rows(truth_path)[:4]:
        time_s, force_n = host.forces(f"{row['side']}_belt")
        event_s = float(row["time_s"])
        before, after = (np.abs(time_s - event_s - shift_s) < 0.005 for shift_s in (-0.04, 0.04))
        loaded, unloaded = (after, before) if row["event"] == "IC" else (before, after)
        assert force_n[unloaded].max() < 12.0
        assert force_n[loaded].min() > 40.0
    truth = json.loads((tmp_path / "recording" / "truth.json").read_text())
    for name, stream in host.streams.items():
        assert stream.clock.lost_count == stream.clock.duplicate_count == 0
        rate_hz = 1000.0 if name.endswith("belt") else 100.0
        late_count = truth["wires"][name]["sent_count"] - stream.health.sample_count
        assert 0 <= late_count < rate_hz * (closing_s + 0.05)  # they came while all was closed
        newest_s = host.samples[name][-1].time_s
        assert truth["wires"][name]["first_s"] < np.max(newest_s) <= truth["wires"][name]["last_s"] + 0.005
    assert truth["walker"]["prosthetic_side"] == "left"
    assert truth["lateness"]["tick_count"] > 100
    assert not list((tmp_path / "wires").iterdir())


def test_samples_are_sent_only_when_asked_for_and_not_before_they_are_measured(tmp_path, running, wait):
    lab, host = running(Walker(WalkerSettings()), "left_belt")
    wait(lambda: host.count("left_belt") > 300)
    assert host.forces("left_belt")[0][-1] <= time.time()
    host.readers["left_belt"].write(host.drivers["left_belt"].disconnect())
    wait(lambda: not lab.summary()["wires"]["left_belt"]["sent_count"] - host.count("left_belt"))
    host.close()
    sent_count = lab.summary()["wires"]["left_belt"]["sent_count"]
    ticks = lab.summary()["lateness"]["tick_count"]
    wait(lambda: lab.summary()["lateness"]["tick_count"] > ticks + 20)
    assert lab.summary()["wires"]["left_belt"]["sent_count"] == sent_count


def test_cues_are_logged_as_they_arrive_and_felt(tmp_path, running, wait):
    felt: list[tuple[ActuatorChange, float]] = []

    class Feeling(Walker):
        def feel(self, change: ActuatorChange, time_s: float) -> None:
            felt.append((change, time_s))

    lab, host = running(Feeling(WalkerSettings()), "haptic")
    wait(lambda: host.readers["haptic"].is_connected)
    wait(lambda: len(felt) >= 2)  # all off, first of all
    sent_s = time.time()
    host.readers["haptic"].write(host.drivers["haptic"].begin(Side.RIGHT, 1.0, 0.1))
    wait(lambda: len(felt) >= 3)  # the device may have ended it meanwhile
    assert felt[2][0] == ActuatorChange(Side.RIGHT, 1.0)
    path = tmp_path / "recording" / "truth_cues.csv"
    assert [row["intensity"] for row in rows(path)[:3]] == ["0.0000", "0.0000", "1.0000"]
    assert (rows(path)[2]["side"], rows(path)[2]["actuator"]) == ("right", "haptic")
    assert sent_s - 1e-5 <= float(rows(path)[2]["time_s"]) <= time.time()
    assert felt[2][1] == pytest.approx(float(rows(path)[2]["time_s"]) - lab.summary()["start_s"], abs=1e-5)


@pytest.mark.parametrize("name", ["left_belt", "right_belt"])
def test_a_plug_can_be_pulled_and_put_back(running, wait, name):
    lab, host = running(Walker(WalkerSettings()), name)
    wait(lambda: host.count(name) > 100)
    lab.unplug(name)
    wait(lambda: not host.readers[name].is_connected)
    count = host.count(name)
    lab.plug(name)
    wait(lambda: host.count(name) > count + 100)
    assert host.streams[name].clock.lost_count > 0


def test_a_late_tick_skips_no_sample_and_is_written_down(running, wait):
    late_s = [0.0]
    lab, host = running(Walker(WalkerSettings()), "left_belt", now=lambda: time.time() + late_s[0])
    wait(lambda: host.count("left_belt") > 100)
    late_s[0] = 0.3
    count = host.count("left_belt")
    wait(lambda: host.count("left_belt") > count + 400)
    assert host.streams["left_belt"].clock.lost_count == 0
    assert lab.summary()["lateness"]["max_s"] > 0.25


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "walk.csv"
    time_s = 7.0 + np.arange(0, 60) / 100
    forces_n = [f"{t:.2f},{100 * (t - 7.0):.3f}" for t in time_s]
    path.write_text("\n".join(["time_s,fz_left_N", *forces_n]) + "\n")
    return Recorded(RecordedSettings(str(path)))


def test_a_recording_is_played_once_from_when_the_belts_move(tmp_path, running, wait, recording):
    lab, host = running(recording, "left_belt", "right_belt", "left_foot", "treadmill")
    wait(lambda: host.count("left_belt") >= 50 and host.belts)
    assert lab.summary()["begin_s"] is None
    assert host.forces("left_belt")[1] == pytest.approx(0.0, abs=0.01)  # the first row holds until then
    host.readers["treadmill"].write(host.drivers["treadmill"].command(BeltSetpoint(0.8, 0.8, 2.0, 0.0)))
    wait(lambda: host.forces("left_belt")[1].max() > 58.9)
    ticks = lab.summary()["lateness"]["tick_count"]
    wait(lambda: lab.summary()["lateness"]["tick_count"] > ticks + 50)
    summary = lab.summary()
    time_s, force_n = host.forces("left_belt")
    played = (force_n > 0.05) & (force_n < 58.95)  # between the first row and the last
    assert np.count_nonzero(played) == pytest.approx(589, abs=3)
    assert time_s[played][0] == pytest.approx(summary["begin_s"], abs=0.02)
    assert force_n[-1] == pytest.approx(59.0, abs=0.15)
    assert np.median(np.diff(force_n[played])) == pytest.approx(0.1, abs=0.01)
    assert np.median(np.diff(time_s)) == pytest.approx(0.001, abs=1e-4)
    assert host.streams["left_belt"].clock.lost_count == 0
    assert host.count("right_belt") == host.count("left_foot") == 0
    assert summary["silent"] == ["left_foot", "right_belt"]
    assert "not known" in summary["events"]
    assert not (tmp_path / "recording" / "truth_events.csv").exists()


def test_a_lab_never_takes_a_real_devices_address(tmp_path):
    config = DeviceConfig("gait_sensing.load_cells", {"driver": "sri_m8128", "url": "tcp://192.168.0.108:4008"})
    with pytest.raises(ValueError, match="refused"):
        SimulatedLab({"left_belt": config}, Walker(WalkerSettings()), tmp_path)


def test_a_port_that_is_taken_leaves_nothing_open(tmp_path):
    found = devices(tmp_path, "left_belt", "right_belt")
    port = int(found["right_belt"].values["url"].rpartition(":")[2])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        lab = SimulatedLab(found, Walker(WalkerSettings()), tmp_path / "recording")
        with pytest.raises(OSError, match=str(port)):
            lab.start()
        lab.close()
    assert not list((tmp_path / "wires").iterdir())


def test_the_config_tells_the_devices(tmp_path):
    found = read_devices(CONFIG)
    assert {"pelvis", "left_belt", "right_belt", "treadmill", "haptic", "sound"} <= set(found)
    assert found["right_belt"].values["origin_m"] == [0.0, -0.25, 0.0]
    path = tmp_path / "lab.yaml"
    for text in ("nothing", "{a: [", "/**/imu_node: {ros__parameters: {segments: [pelvis]}}"):
        path.write_text(text)
        with pytest.raises(ValueError, match="yaml"):
            read_devices(path)
    with pytest.raises(ValueError, match="cannot be read"):
        read_devices(tmp_path / "none.yaml")


def test_a_treadmill_with_a_wire_for_each_belt_is_two_devices_and_foreign_topics_are_none(tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text(
        "/**/imu_node: {ros__parameters: {segments: [pelvis], pelvis: {topic: /imu}}}\n"
        "/**/treadmill_node: {ros__parameters: {driver: woodway_us, url: 'serial:///x/left?baud_bps=4800',"
        " right_url: 'serial:///x/right?baud_bps=4800'}}\n"
    )
    devices = read_devices(path)
    assert {name: device.values["url"].split("?")[0] for name, device in devices.items()} == {
        "treadmill": "serial:///x/left",
        "treadmill_right": "serial:///x/right",
    }
