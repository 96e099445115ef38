# SPDX-License-Identifier: Apache-2.0
"""The lab without hardware: every device of a config, emulated at its address, around one person.

One thread does everything, on absolute deadlines. When the machine is busy it comes late, and then catches up: no
sample is left out, and how late it was is written down.
"""

import math
import select
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gait_feedback import actuators
from gait_sensing import imus, load_cells, treadmills
from gait_session.parameter_file import read_parameter_file
from gait_sim.emulated_device import (
    KINDS,
    DeviceConfig,
    EmulatedActuator,
    EmulatedDevice,
    EmulatedImu,
    EmulatedLoadCell,
    EmulatedTreadmill,
    Person,
)
from gait_sim.truth_log import TruthLog

TICK_S = 0.002
LONGEST_STEP_S = 0.01  # that belts and person are moved on at once
LATENESS_BIN_S = 1e-4


def read_devices(path: Path) -> dict[str, DeviceConfig]:
    """Return the devices of a lab's config by name: segments, plates, ``treadmill``, ``haptic``, ``sound``.

    A treadmill with a wire for each belt has ``treadmill_right`` too. Raises ``ValueError`` when the file is not such a
    config, or names a device that it does not describe.
    """
    sections = {str(key).rsplit("/", 1)[-1]: value for key, value in read_parameter_file(path).items()}
    devices: dict[str, DeviceConfig] = {}
    for node, key, package in (("imu_node", "segments", imus), ("load_cell_node", "names", load_cells)):
        values = sections.get(node, {}).get("ros__parameters", {})
        for name in values.get(key, []):
            if not isinstance(values.get(name), dict):
                raise ValueError(f"{path}: {node} names {name} but does not describe it")
            if "topic" not in values[name]:  # somebody else publishes that
                devices[name] = DeviceConfig(package.__name__, values[name])
    for node, package in (("treadmill_node", treadmills), ("haptic_node", actuators), ("sound_node", actuators)):
        name = node.removesuffix("_node")
        if node in sections:
            values = sections[node].get("ros__parameters", {})
            devices[name] = DeviceConfig(package.__name__, values)
            if right_url := values.get("right_url"):  # of a treadmill whose belts have a wire each
                devices[f"{name}_right"] = DeviceConfig(package.__name__, {**values, "url": right_url})
    return devices


class SimulatedLab:
    """Emulates ``devices`` around ``person`` and logs the truth in ``truth_folder``; ``now`` is the host clock.

    Raises ``ValueError`` for an address that may be a real device's, before anything is opened.
    """

    def __init__(
        self,
        devices: dict[str, DeviceConfig],
        person: Person,
        truth_folder: Path,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._devices = {name: KINDS[config.package](name, config) for name, config in devices.items()}
        self._person, self._truth_folder, self._now = person, truth_folder, now
        self._sensors = self._of(EmulatedImu) + self._of(EmulatedLoadCell)
        self._sensors = [sensor for sensor in self._sensors if sensor.measures(person)]
        self._treadmills, self._actuators = self._of(EmulatedTreadmill), self._of(EmulatedActuator)
        self._lock = threading.Lock()  # guards all that the thread works on
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulated lab")
        self._start_s = self._done_s = 0.0  # host time; since then
        self._begin_s = 0.0 if person.is_truth_known else math.inf  # a recording waits for the belts
        self._lateness: Counter[int] = Counter()  # ticks by how late they came
        self._log: TruthLog | None = None

    def start(self) -> None:
        """Open every wire and begin. Raises ``OSError`` when one cannot be opened; none is left open then."""
        try:
            for device in self._devices.values():
                device.wire.open()
            self._log = TruthLog(self._truth_folder, self._person.is_truth_known)
        except OSError:
            self._close_wires()
            raise
        self._start_s = self._now()
        self._log.summary(self.summary())
        self._thread.start()

    def close(self) -> None:
        """Stop, close every wire, and complete the truth log."""
        self._closing.set()
        if self._log is None:
            return
        self._thread.join()
        self._close_wires()
        self._log.summary(self.summary())
        self._log.close()
        self._log = None

    def step_on(self) -> None:
        """Let the person stand on the belts from now on."""
        with self._lock:
            self._person.step_on(self._now() - self._start_s - self._begin_s)

    def unplug(self, name: str) -> None:
        """Pull a device's wire; the device goes on."""
        with self._lock:
            self._devices[name].wire.close()

    def plug(self, name: str) -> None:
        """Put it back."""
        with self._lock:
            self._devices[name].wire.open()

    def summary(self) -> dict[str, Any]:
        """Return who walks, what was sent on each wire so far, and how late."""
        with self._lock:
            return self._summary()

    def _summary(self) -> dict[str, Any]:
        known = "truth_events.csv" if self._person.is_truth_known else "not known: a recording was played"
        wires = {
            sensor.name: {
                "sent_count": sensor.sent_count,
                "first_s": self._start_s + sensor.first_s if sensor.sent_count else None,
                "last_s": self._start_s + sensor.last_s if sensor.sent_count else None,
                "dropped_byte_count": sensor.wire.dropped_byte_count,
            }
            for sensor in self._sensors
        }
        return {
            "start_s": self._start_s,
            "begin_s": self._start_s + self._begin_s if self._begin_s < math.inf else None,
            "events": known,
            **self._person.describe(),
            "wires": wires,
            "silent": [name for name in self._devices if name not in wires and self._is_sensor(name)],
            "lateness": self._lateness_summary(),
        }

    def _run(self) -> None:
        tick = 0
        while not self._closing.is_set():
            tick += 1
            self._wait_until(self._start_s + tick * TICK_S)
            now_s = self._now()
            with self._lock:
                self._lateness[max(0, round((now_s - self._start_s - tick * TICK_S) / LATENESS_BIN_S))] += 1
                self._step(now_s - self._start_s)
            tick = max(tick, math.floor((now_s - self._start_s) / TICK_S))

    def _wait_until(self, deadline_s: float) -> None:
        """Serve the wires until the deadline, each as soon as the host has written."""
        wait_s = math.inf
        while wait_s > 0.0:
            wait_s = max(0.0, deadline_s - self._now())
            with self._lock:
                by_file = {file: device for device in self._devices.values() for file in device.wire.filenos()}
            try:
                readable, _, _ = select.select(list(by_file), [], [], min(wait_s, TICK_S))
            except OSError:  # a wire was pulled meanwhile: its file is closed
                continue
            if not readable:
                return
            with self._lock:
                for file in readable:
                    self._serve(by_file[file])

    def _serve(self, device: EmulatedDevice) -> None:
        device.serve()
        if isinstance(device, EmulatedActuator):
            self._feel(device)

    def _feel(self, actuator: EmulatedActuator) -> None:
        time_s = self._now()
        for change in actuator.changes():
            self._truth.cue(change, time_s, actuator.name)
            self._person.feel(change, time_s - self._start_s - self._begin_s)

    def _step(self, now_s: float) -> None:
        """Move everything on to ``now_s`` since the start."""
        while self._done_s < now_s:
            next_s = min(now_s, self._done_s + LONGEST_STEP_S)
            for actuator in self._actuators:
                actuator.advance(next_s - self._done_s)
                self._feel(actuator)
            belts = [treadmill.advance(next_s - self._done_s, next_s) for treadmill in self._treadmills]
            left_mps, right_mps = (belts[0].left_speed_mps, belts[-1].right_speed_mps) if belts else (0.0, 0.0)
            self._done_s = next_s
            if max(left_mps, right_mps) > 0.0:
                self._begin_s = min(self._begin_s, next_s)
            for event in self._person.advance(next_s - self._begin_s, left_mps, right_mps):
                self._truth.event(event, self._start_s + self._begin_s)
        for sensor in self._sensors:
            sensor.send_due(self._person, now_s, self._begin_s)

    @property
    def _truth(self) -> TruthLog:
        assert self._log is not None  # the thread runs between start and close only
        return self._log

    def _of(self, kind: type[Any]) -> list[Any]:
        return [device for device in self._devices.values() if isinstance(device, kind)]

    def _is_sensor(self, name: str) -> bool:
        return isinstance(self._devices[name], (EmulatedImu, EmulatedLoadCell))

    def _close_wires(self) -> None:
        for device in self._devices.values():
            device.wire.close()

    def _lateness_summary(self) -> dict[str, float]:
        seen, total = 0, sum(self._lateness.values())
        bins = sorted(self._lateness)
        for place in bins:
            seen += self._lateness[place]
            if seen >= 0.99 * total:
                p99_s, max_s = place * LATENESS_BIN_S, bins[-1] * LATENESS_BIN_S
                return {"tick_count": total, "p99_s": round(p99_s, 4), "max_s": round(max_s, 4)}
        return {"tick_count": 0}
