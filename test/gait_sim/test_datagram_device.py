# SPDX-License-Identifier: Apache-2.0
"""A load cell that speaks in datagrams and keeps its factors on a page, from its emulation to stamped samples."""

import socket
import time

import numpy as np
import pytest

from gait_sensing import load_cells
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.load_cells import ati_net_ft
from gait_sensing.samples import ForceSamples
from gait_sensing.streams import LoadCellStream
from gait_sensing.wires.reader import Reader
from gait_sim.emulated_device import DeviceConfig
from gait_sim.simulated_lab import SimulatedLab
from gait_sim.walker import Walker, WalkerSettings


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("mode", ["realtime", "buffered"])
def test_samples_arrive_before_and_after_the_plug_was_pulled(tmp_path, wait_until, mode):
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?http_port={free_port(socket.SOCK_STREAM)}"
    values = {"driver": "ati_net_ft", "url": url, "rate_hz": 2000.0, "mode": mode}
    lab = SimulatedLab({"left_belt": DeviceConfig(load_cells.__name__, values)}, Walker(WalkerSettings()), tmp_path)
    driver = ati_net_ft.Driver(ati_net_ft.Settings(rate_hz=2000.0, mode=mode))
    stream = LoadCellStream("left_belt", driver, clock_for(driver), LoadCellCalibration(CalibrationSettings()))
    received: list[ForceSamples] = []
    sizes: set[int] = set()

    def take(data: bytes, received_s: float) -> None:
        sizes.add(len(data))
        if samples := stream.feed(data, received_s):
            received.append(samples)

    def wait_for_more() -> None:
        before = len(received)
        wait_until(lambda: len(received) > before + 50, lambda: time.sleep(0.005), deadline_s=60.0)

    lab.start()
    reader = Reader(url, driver, take, time.time, silent_s=0.2)
    try:
        wait_for_more()
        lab.unplug("left_belt")
        wait_until(lambda: not reader.is_connected and "refused" in reader.health().error, lambda: time.sleep(0.005))
        lab.plug("left_belt")
        wait_for_more()
        assert reader.health().open_count >= 2
        reader.close()
        emulated = lab._devices["left_belt"]
        wait_until(lambda: not emulated.is_streaming(), lambda: time.sleep(0.005))  # the host said goodbye
    finally:
        reader.close()
        lab.close()
    time_s = np.concatenate([samples.time_s for samples in received])
    assert (np.diff(time_s) > 0.0).all()
    assert np.diff([samples.first_sample_count for samples in received]).max() > 50  # nothing came while unplugged
    assert sizes == {36}  # a sample each, however many are due at once
    assert received[-1].force_n[-1, 2] > 100.0
    assert driver.counts.bytes_dropped_count == driver.counts.device_error_count == 0
