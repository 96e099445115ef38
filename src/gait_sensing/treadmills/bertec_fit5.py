# SPDX-License-Identifier: Apache-2.0
"""Bertec treadmills with the newer Treadmill software (*Fit 5*): JSON messages over ZeroMQ. Experimental.

Request: ``{"version":"v1","id":N,"method":M,"params":{...}}``, N one more each time. Methods used: ``InitConnect``
{ip, port of the heartbeat}, ``RunTreadmill`` {leftVel, leftAccel, leftDecel, rightVel, rightAccel, rightDecel} in m/s
and m/s2, ``RunIncline`` {inclineAngle} in degrees. Numbers go as text, with the decimal separator of the treadmill
PC's Windows. Reply: ``{"code":C,"message":...}``, 1 for success, negative for an error. Data: a JSON object for each
sample. The wire (``zmq_wire``) carries the three kinds in order and echoes the treadmill's heartbeat.

Decisions. *Belt speeds*: users of the data stream read forces only (``fz``, ``copy``); which fields tell the belts'
speeds is not published. The names are settings, and their defaults are a guess: the words of the requests. A message
without all three is counted as failing its check and gives no reading, so that the belt gate never arms on a wrong
guess; a missing speed is never zero. *Incline*: it is a request of its own, sent only when the angle wanted differs
from the last one sent, or, before the first, from where the treadmill said that the deck is.

Source: the public client treadmill-remote-bertec-fit5, and Bertec's example client as found in users' repositories.
Confidence: medium for requests and replies; LOW for the data stream; unknown what belts do when the client vanishes:
assume that they go on.
"""

import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import TreadmillDriver
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport

VERSION = "v1"
SUCCESS, PARSE_ERROR, NO_SUCH_METHOD, BAD_PARAMS = 1, -32700, -32601, -32602
MAX_MESSAGE_BYTES = 65536
MAX_SPEED_MPS = 10.0
MIN_ACCELERATION_MPS2, MAX_ACCELERATION_MPS2 = 0.001, 10.0
MAX_INCLINE_DEG = 90.0
INCLINE_RATE_RADPS = math.radians(1.0)  # of the emulated deck


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the protocol; limits of speed, acceleration and incline are the belt gate's."""

    client_ip: str = setting("127.0.0.1", "address of this computer as the treadmill's PC sees it")
    heartbeat_port: int = setting(5560, "port of the heartbeat, as in the url", low=1, high=65535)
    decimal_separator: str = setting(".", "as in the Windows of the treadmill's PC", choices=(".", ","))
    left_speed_field: str = setting("leftVel", "field of the data stream: speed of the left belt, m/s")
    right_speed_field: str = setting("rightVel", "field of the data stream: speed of the right belt, m/s")
    incline_field: str = setting("inclineAngle", "field of the data stream: incline of the deck, degrees")
    command_interval_s: float = setting(0.1, "least time between commands", low=0.02, high=0.2)


class Driver(TreadmillDriver):
    """Host side. What it writes is one request a line; what it is fed is one message at a time."""

    is_datagram: ClassVar[bool] = True
    has_checksum: ClassVar[bool] = False
    max_acceleration_mps2 = MAX_ACCELERATION_MPS2
    incline_range_rad = (-math.radians(MAX_INCLINE_DEG), math.radians(MAX_INCLINE_DEG))

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.max_speed_mps = MAX_SPEED_MPS
        self.min_command_interval_s = settings.command_interval_s
        self._settings = settings
        self._fields = (settings.left_speed_field, settings.right_speed_field, settings.incline_field)
        self._next_id = 1
        self._has_commanded = False
        self._angle_text = ""  # incline as last sent, or as found; empty while neither is known

    def connect(self) -> bytes:
        """Return the first request of every connection. The treadmill's PC may ask its user to confirm it."""
        self._angle_text = ""
        return self._request(
            "InitConnect", {"ip": self._settings.client_ip, "port": str(self._settings.heartbeat_port)}
        )

    def disconnect(self) -> bytes:
        """Return a stop if this driver ever commanded: belts may go on when their client vanishes."""
        if not self._has_commanded:
            return b""
        return self._run_treadmill(0.0, 0.0, self.farewell_deceleration_mps2)

    def feed(self, data: bytes) -> list[BeltReading]:
        """Return the status in one message, if it is one; see ``driver.TreadmillDriver``."""
        if not data:
            return []
        message = _parsed(data)
        if isinstance(message.get("code"), int):
            self.counts.frame_count += 1
            if message["code"] != SUCCESS:
                self.counts.device_error_count += 1
                text = f"it answers a request with error {message['code']}"
                self._reports.append(TreadmillReport(text, is_stop=False))
            return []
        values = [_number(message.get(name)) for name in self._fields]
        if any(map(math.isnan, values)):
            self.counts.bad_checksum_count += bool(message)
            self.counts.bytes_dropped_count += len(data)
            return []
        self.counts.frame_count += 1
        self.counts.reading_count += 1
        left_mps, right_mps, incline_deg = values
        self._angle_text = self._angle_text or f"{incline_deg:.2f}"
        return [BeltReading(left_mps, right_mps, math.radians(incline_deg))]

    def command(self, setpoint: BeltSetpoint) -> bytes:
        """Return the request for both belts and, when the angle changes, the one for the deck.

        Raises ``ValueError`` for a speed beyond 10 m/s, an acceleration not within 0.001 to 10 m/s2, an incline beyond
        90 degrees, and anything that is not a finite number.
        """
        incline_deg = _within("incline (degree)", math.degrees(setpoint.incline_rad), -MAX_INCLINE_DEG, MAX_INCLINE_DEG)
        requests = self._run_treadmill(setpoint.left_speed_mps, setpoint.right_speed_mps, setpoint.acceleration_mps2)
        self._has_commanded = True
        angle_text = f"{incline_deg:.2f}"
        if angle_text != self._angle_text:
            self._angle_text = angle_text
            requests += self._request("RunIncline", {"inclineAngle": self._localised(angle_text)})
        return requests

    def _run_treadmill(self, left_mps: float, right_mps: float, acceleration_mps2: float) -> bytes:
        speeds = {
            "left": _within("left", left_mps, -MAX_SPEED_MPS, MAX_SPEED_MPS),
            "right": _within("right", right_mps, -MAX_SPEED_MPS, MAX_SPEED_MPS),
        }
        _within("acceleration", acceleration_mps2, MIN_ACCELERATION_MPS2, MAX_ACCELERATION_MPS2)
        params = {}
        for side, speed_mps in speeds.items():
            params[f"{side}Vel"] = self._localised(f"{speed_mps:.3f}")
            params[f"{side}Accel"] = params[f"{side}Decel"] = self._localised(f"{acceleration_mps2:.3f}")
        return self._request("RunTreadmill", params)

    def _request(self, method: str, params: dict[str, str]) -> bytes:
        request = {"version": VERSION, "id": self._next_id, "method": method, "params": params}
        self._next_id += 1
        return json.dumps(request, separators=(",", ":")).encode() + b"\n"

    def _localised(self, number: str) -> str:
        return number.replace(".", self._settings.decimal_separator)


class Emulator:
    """Device side, with belts that follow the last command at its acceleration, and a deck that follows too.

    Numbers are understood with the decimal separator of the settings alone, as by the treadmill's PC. ``feed`` answers
    each line with a line.
    """

    status_interval_s: ClassVar[float] = 0.02

    def __init__(self, settings: Settings) -> None:
        self.is_connected = False  # a request for a connection was answered with success
        self._foreign_separator = "," if settings.decimal_separator == "." else "."
        self._fields = (settings.left_speed_field, settings.right_speed_field, settings.incline_field)
        self._belts = self._target = BeltReading(0.0, 0.0, 0.0)
        self._accelerations_mps2 = {"left": (0.0, 0.0), "right": (0.0, 0.0)}  # speeding up, slowing down

    def feed(self, data: bytes) -> bytes:
        """Take requests, one a line; return the replies, one a line."""
        return b"\n".join(_encoded(self._answer(_parsed(line))) for line in data.splitlines())

    def advance(self, duration_s: float) -> BeltReading:
        """Move belts and deck on by ``duration_s``."""
        belts, target = self._belts, self._target
        self._belts = BeltReading(
            self._followed("left", belts.left_speed_mps, target.left_speed_mps, duration_s),
            self._followed("right", belts.right_speed_mps, target.right_speed_mps, duration_s),
            _approach(belts.incline_rad, target.incline_rad, INCLINE_RATE_RADPS * duration_s),
        )
        return self._belts

    def encode(self, reading: BeltReading) -> bytes:
        """Return one message of the data stream."""
        values = (reading.left_speed_mps, reading.right_speed_mps, math.degrees(reading.incline_rad))
        return _encoded(
            {"fz": 0.0, **{name: round(value, 4) for name, value in zip(self._fields, values, strict=True)}}
        )

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        obeyed = {"InitConnect": self._connect, "RunTreadmill": self._run_treadmill, "RunIncline": self._run_incline}
        if not request:
            return {"code": PARSE_ERROR, "message": "Parse error"}
        method, params = request.get("method"), request.get("params")
        if not isinstance(method, str) or method not in obeyed:
            return {"code": NO_SUCH_METHOD, "message": "Method not found"}
        if not isinstance(params, dict) or not obeyed[method](params):
            return {"code": BAD_PARAMS, "message": "Invalid params"}
        return {"code": SUCCESS, "message": "Success"}

    def _connect(self, params: dict[str, Any]) -> bool:
        self.is_connected = {"ip", "port"} <= set(params)
        return self.is_connected

    def _run_treadmill(self, params: dict[str, Any]) -> bool:
        numbers = {
            name: self._local_number(params.get(name))
            for name in ("leftVel", "leftAccel", "leftDecel", "rightVel", "rightAccel", "rightDecel")
        }
        if any(map(math.isnan, numbers.values())) or any(numbers[name] <= 0.0 for name in numbers if "cel" in name):
            return False
        self._target = BeltReading(numbers["leftVel"], numbers["rightVel"], self._target.incline_rad)
        for side in self._accelerations_mps2:
            self._accelerations_mps2[side] = (numbers[f"{side}Accel"], numbers[f"{side}Decel"])
        return True

    def _run_incline(self, params: dict[str, Any]) -> bool:
        angle_deg = self._local_number(params.get("inclineAngle"))
        if math.isnan(angle_deg):
            return False
        self._target = BeltReading(self._target.left_speed_mps, self._target.right_speed_mps, math.radians(angle_deg))
        return True

    def _local_number(self, value: Any) -> float:
        """Return a number sent as text; NaN where the separator is another one than the PC's."""
        return math.nan if isinstance(value, str) and self._foreign_separator in value else _number(value)

    def _followed(self, side: str, speed_mps: float, target_mps: float, duration_s: float) -> float:
        speeding_up, slowing_down = self._accelerations_mps2[side]
        is_faster = abs(target_mps) > abs(speed_mps)
        return _approach(speed_mps, target_mps, (speeding_up if is_faster else slowing_down) * duration_s)


def _parsed(data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``; an empty one where there is none."""
    try:
        message = json.loads(data.decode()) if len(data) <= MAX_MESSAGE_BYTES else None
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or nested beyond sense
        return {}
    return message if isinstance(message, dict) else {}


def _encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _number(value: Any) -> float:
    """Return a number, or text with either decimal separator, as a float; NaN for anything else or not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.nan
    try:
        number = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _within(name: str, value: float, low: float, high: float) -> float:
    """Return ``value``. Raises ``ValueError`` outside ``low`` to ``high``."""
    if not low <= value <= high:  # NaN too
        raise ValueError(f"{name}: got {value:g}, the treadmill can be told {low:g} to {high:g}")
    return value


def _approach(value: float, target: float, step: float) -> float:
    return min(value + step, target) if value < target else max(value - step, target)
