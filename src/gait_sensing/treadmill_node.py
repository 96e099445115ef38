# SPDX-License-Identifier: Apache-2.0
"""The last gate before the belt: takes ``treadmill/command``, tells ``treadmill/state`` and ``treadmill/safety``."""

import contextlib
import math
import threading
import time
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg, srv
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from gait_messages import values
from gait_ros import qos
from gait_ros.devices import RawSettings, RawTap, link_status
from gait_ros.messages import to_stamp
from gait_ros.parameters import declare, declare_part, declare_text, refuse_sim_time
from gait_ros.running import LabNode, now_s, run
from gait_sensing import treadmills
from gait_sensing.belt_gate.gate import BeltGate
from gait_sensing.belt_gate.limits import GateSettings, fitted
from gait_sensing.belt_gate.states import (
    TICK_S,
    ArmRequest,
    BeltRequest,
    HarnessLoad,
    LinkDown,
    LinkUp,
    Misstep,
    OperatorAlive,
    PlateLoad,
    Refused,
    Safety,
    Shutdown,
    State,
    StopInput,
    StopRequest,
    Tick,
    Walker,
)
from gait_sensing.belt_gate.supervisor import SupervisorSettings
from gait_sensing.belt_wires import BeltWires
from gait_sensing.driver import TreadmillDriver
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, BeltReading
from gait_sensing.wires.raw_log import RawKind
from gait_sensing.wires.reader import Reader
from gait_sensing.wires.transport import WireError, parse_url

SAFETY_PERIOD_S = 1.0
LONGEST_LEAVE_S = 4.0  # launch kills what has not ended 10 s after it was asked to


class TreadmillNode(LabNode):
    """Everything that may move a belt passes ``BeltGate``; this node only carries it between ROS and the wire."""

    def __init__(self) -> None:
        super().__init__("treadmill_node")
        refuse_sim_time(self)
        self._now = partial(now_s, self)
        part, settings = declare_part(self, treadmills.__name__, "driver", "")
        urls = [declare_text(self, "url", "address of the treadmill, of its left belt where each has its own")]
        if right_url := declare_text(self, "right_url", "address of the right belt, where it has its own", ""):
            urls.append(right_url)
        for url in urls:
            parse_url(url)  # before the first thread starts: it would outlive the error
        self._belts = BeltWires([part.Driver(settings) for _ in urls])
        self._limits = fitted(declare(self, GateSettings), self._belts)
        self._belts.farewell_deceleration_mps2 = self._limits.max_deceleration_mps2
        self._supervisor = declare(self, SupervisorSettings, "supervisor.")
        self._gate = BeltGate(self._limits, self._belts.has_acceleration, self._supervisor)
        self._lock = threading.Lock()  # the reader threads and the executor all feed drivers and gate
        self._link: tuple[int, ...] | None = None  # open counts of the link that the gate knows of
        self._safety: Safety | None = None
        self._safety_due_s = 0.0
        self._commanded_mps = (math.nan, math.nan)
        self._walker: Walker | None = None
        self._state_publisher = self.create_publisher(msg.TreadmillState, "treadmill/state", qos.EVENTS)
        self._safety_publisher = self.create_publisher(msg.SafetyState, "treadmill/safety", qos.STATE)
        self.create_subscription(msg.TreadmillCommand, "treadmill/command", self._on_command, qos.COMMAND)
        self.create_subscription(msg.SessionState, "session/state", self._on_session, qos.STATE)
        self.create_subscription(msg.GaitEvent, "gait/events", self._on_event, qos.EVENTS)
        self.create_subscription(Bool, "treadmill/stop_input", self._on_stop_input, qos.FOREIGN)
        self._loads = {  # looked at once a tick
            name: self.newest(msg.ForceSamples, f"load_cell/{name}/samples")
            for name in (*self._supervisor.plates, self._supervisor.harness)
        }
        self.create_service(srv.Arm, "~/arm", self._arm)
        self.create_service(Trigger, "~/stop", self._stop)
        self._names = ["treadmill"] if len(urls) == 1 else ["treadmill_left", "treadmill_right"]
        is_raw_recorded = declare(self, RawSettings).record_raw_bytes
        self._taps = [RawTap(self, name, is_raw_recorded) for name in self._names]
        self._readers = [
            Reader(url, driver, partial(self._on_data, wire), self._now, on_open=partial(tap.feed, RawKind.OPENED))
            for wire, (url, driver, tap) in enumerate(zip(urls, self._belts.drivers, self._taps, strict=True))
        ]
        self.create_timer(TICK_S, self._on_tick)

    def _feed(self, thing: object) -> None:
        """Pass one thing through the gate and write what it lets out."""
        with self._lock:
            self._pass(thing)
            self._publish_safety()

    def _pass(self, thing: object) -> None:
        now = _watch_s()
        setpoint = self._gate.feed(now, thing)
        if setpoint is None:
            return
        try:
            self._write(self._belts.command(setpoint, now))
        except ValueError as error:  # the treadmill cannot be told this; it can always be told to rest
            self._pass(Refused(str(error)))
            return
        self._commanded_mps = (setpoint.left_speed_mps, setpoint.right_speed_mps)

    def _write(self, messages: list[bytes]) -> None:
        try:
            for reader, message in zip(self._readers, messages, strict=True):
                if message:
                    reader.write(message)
        except WireError as error:
            self._lose_link(str(error))

    def _lose_link(self, text: str) -> None:
        """Tell the gate, and the belt whose own wire still stands: the gate sends nothing over half a link."""
        self._link = None
        self._gate.feed(_watch_s(), LinkDown(text))
        if len(self._readers) > 1:
            for reader, driver in zip(self._readers, self._belts.drivers, strict=True):
                with contextlib.suppress(WireError):
                    reader.write(driver.disconnect())

    def _on_data(self, wire: int, data: bytes, received_s: float) -> None:
        self._taps[wire].feed(RawKind.RECEIVED, received_s, data)
        with self._lock:
            readings = self._belts.feed(wire, data, _watch_s())
            reports = self._belts.reports()
        for report in reports:
            self._feed(report)
        for reading in readings:
            self._feed(reading)
            self._publish_state(reading, received_s)

    def _on_tick(self) -> None:
        """Watch the links, let time go on, and ask the treadmill.

        Only here is it asked: where its own timer stops belts that nobody asks about, a gate that hangs lets it.
        """
        wires = [reader.health() for reader in self._readers]
        link = tuple(wire.open_count for wire in wires) if all(wire.is_connected for wire in wires) else None
        if link != self._link:
            with self._lock:
                if link is None:
                    self._lose_link("; ".join(wire.error for wire in wires if not wire.is_connected))
                else:
                    self._link = link
                    self._pass(LinkUp())
        for name, newest in self._loads.items():
            if (samples := newest.take()) is not None:
                self._feed(self._load(name, samples))
        self._feed(Tick())
        with self._lock:
            if self._link is not None:
                self._write(self._belts.poll(_watch_s()))

    def _load(self, name: str, samples: msg.ForceSamples) -> PlateLoad | HarnessLoad:
        """Return what the newest sample of a load cell tells; a message without one tells nothing, so NaN."""
        offset_s, force_n = (samples.time_offset_s[-1:] or [math.nan])[0], samples.force_n[-3:]
        age_s = self._now() - values.seconds(samples.header.stamp) - offset_s
        if name == self._supervisor.harness:
            known_n = [value_n for value_n in force_n if not math.isnan(value_n)]
            return HarnessLoad(math.hypot(*known_n) if known_n else math.nan, age_s)
        place_m = samples.centre_of_pressure_m[-2:]
        return PlateLoad(
            name, force_n[2] if len(force_n) == 3 else math.nan, place_m[0] if len(place_m) == 2 else math.nan, age_s
        )

    def _on_command(self, command: msg.TreadmillCommand) -> None:
        speeds_mps = command.left_speed_mps, command.right_speed_mps
        age_s = self._now() - values.seconds(command.header.stamp)
        source, problem = command.header.frame_id, command.problem
        self._feed(BeltRequest(*speeds_mps, command.acceleration_mps2, source, age_s, problem))

    def _on_session(self, session: msg.SessionState) -> None:
        age_s = self._now() - values.seconds(session.header.stamp)
        self._feed(OperatorAlive(age_s))
        is_on_belts = session.input != msg.SessionState.INPUT_RECORDING
        walker = Walker(session.body_mass_kg * STANDARD_GRAVITY_MPS2, is_on_belts)
        if walker != self._walker and abs(age_s) <= self._limits.operator_stale_s:
            self._walker = walker
            self._feed(walker)

    def _on_event(self, event: msg.GaitEvent) -> None:
        """Pass on what the plates say of a landing; motion sensors flag what they are not sure of."""
        is_cross_step = bool(event.flags & msg.GaitEvent.FLAG_CROSS_STEP)
        is_landing = event.kind == msg.GaitEvent.INITIAL_CONTACT and event.source == msg.GaitEvent.SOURCE_FORCE
        if is_landing and (is_cross_step or event.flags & msg.GaitEvent.FLAG_IRREGULAR):
            self._feed(Misstep(is_cross_step))

    def _on_stop_input(self, may_run: Bool) -> None:
        self._feed(StopInput(may_run.data))

    def _arm(self, request: srv.Arm.Request, response: srv.Arm.Response) -> srv.Arm.Response:
        self._feed(ArmRequest(request.operator_name))
        response.is_armed, response.text = self._gate.is_armed, self._gate.safety.text
        return response

    def _stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._feed(StopRequest("service call"))
        response.success, response.message = True, self._gate.safety.text
        return response

    def _publish_state(self, reading: BeltReading, received_s: float) -> None:
        message = msg.TreadmillState()
        message.header.stamp = to_stamp(received_s)
        message.left_speed_mps = float(reading.left_speed_mps)
        message.right_speed_mps = float(reading.right_speed_mps)
        message.incline_rad = float(reading.incline_rad)
        message.left_commanded_mps, message.right_commanded_mps = map(float, self._commanded_mps)
        message.is_armed = bool(self._gate.is_armed)
        self._state_publisher.publish(message)

    def _publish_safety(self) -> None:
        safety, now = self._gate.safety, self._now()
        if safety == self._safety and now < self._safety_due_s:
            return
        self._safety, self._safety_due_s = safety, now + SAFETY_PERIOD_S
        message = msg.SafetyState(level=safety.level.value, reason=safety.reason.value)
        message.header.stamp = to_stamp(now)
        message.text, message.state = safety.text, safety.state.value
        self._safety_publisher.publish(message)

    def health(self) -> list[DiagnosticStatus]:
        """One status for each wire to the treadmill."""
        return [self._wire_status(*wire) for wire in zip(self._names, self._readers, self._belts.drivers, strict=True)]

    def _wire_status(self, name: str, reader: Reader, driver: TreadmillDriver) -> DiagnosticStatus:
        health, counts = reader.health(), driver.counts
        values = {
            "status_count": counts.reading_count,
            "bad_checksum_count": counts.bad_checksum_count,
            "bytes_dropped_count": counts.bytes_dropped_count,
            "device_error_count": counts.device_error_count,
            "open_count": health.open_count,
            "safety": self._gate.safety.text,
        }
        age_s = self._now() - health.last_received_s
        problem = "" if age_s <= self._limits.status_stale_s else f"no status for {age_s:.1f} s"  # nan: none yet
        return link_status(name, health, values, problem)

    def destroy_node(self) -> None:
        """Leave the belts on their way to rest, then close the link."""
        try:
            self._feed(Shutdown())
            if not self._belts.has_acceleration:
                self._ramp_to_rest()
        finally:
            for reader, tap in zip(self._readers, self._taps, strict=True):
                reader.close()
                tap.close()
            super().destroy_node()

    def _ramp_to_rest(self) -> None:
        """Go on until the gate has brought the belts to rest; a treadmill that takes no acceleration needs it."""
        end_s = _watch_s() + min(LONGEST_LEAVE_S, self._limits.max_speed_mps / self._limits.max_deceleration_mps2 + 1)
        while self._link is not None and self._gate.safety.state is not State.DISARMED and _watch_s() < end_s:
            time.sleep(TICK_S)
            self._on_tick()


def _watch_s() -> float:
    """The clock of the watch: nobody sets it, and it goes on while the computer sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def main() -> None:
    """Run the node."""
    run(TreadmillNode)
