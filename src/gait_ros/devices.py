# SPDX-License-Identifier: Apache-2.0
"""A device block of the config as parameters, and its wire with a reader thread and a health status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from gait_parts.settings import Settings, setting
from gait_ros.parameters import declare, declare_part, declare_text
from gait_ros.running import status
from gait_sensing.reader import Reader, WireHealth
from gait_sensing.streams import ImuStream, LoadCellStream


@dataclass(frozen=True)
class DelaySettings(Settings):
    """What every sensor's block may set beside its driver's own settings."""

    delay_s: float = setting(0.0, "known time from measurement to the first byte on the wire", low=0.0, high=1.0)


@dataclass(frozen=True, slots=True)
class Device:
    """A configured device: where it is and who speaks its language."""

    url: str
    driver: Any  # of the kind its package's contract names
    delay_s: float


def declare_device(node: Node, package: str, prefix: str) -> Device:
    """Declare one sensor's block ``prefix + {driver, url, delay_s, the driver's settings}`` and build the driver."""
    url = declare_text(node, f"{prefix}url", "address of the device: serial://, tcp:// or udp://")
    part, settings = declare_part(node, package, "driver", prefix)
    return Device(url, part.Driver(settings), declare(node, DelaySettings, prefix).delay_s)


def link_status(name: str, health: WireHealth, values: Mapping[str, object], problem: str = "") -> DiagnosticStatus:
    """Return the status of a wire: ERROR without a link, else WARN when there is another ``problem``."""
    if not health.is_connected:
        problem = health.error or "not connected"
    return status(name, problem, not health.is_connected, values)


class Wire:
    """The reader thread of one sensor, and what is known of its health."""

    def __init__(
        self,
        name: str,
        url: str,
        stream: ImuStream | LoadCellStream,
        on_data: Callable[[bytes, float], None],
        now: Callable[[], float],
    ) -> None:
        self.name, self._stream, self._now = name, stream, now
        self._reader = Reader(url, stream.driver, on_data, now)

    def close(self) -> None:
        """Tell the device to stop, close the link and join the thread."""
        self._reader.close()

    def status(self) -> DiagnosticStatus:
        """Return the diagnostic status: ERROR without a link, WARN without samples or after losses."""
        health, counts, stream = self._reader.health(), self._stream.driver.counts, self._stream
        problem = f"{stream.lost_count} samples lost" if stream.lost_count else ""
        if counts.reading_count == 0:
            problem = "no samples"
        age_s = self._now() - health.last_received_s
        values = {
            "sample_count": stream.sample_count,
            "lost_count": stream.lost_count,
            "duplicate_count": stream.duplicate_count,
            "bad_checksum_count": counts.bad_checksum_count,
            "bytes_dropped_count": counts.bytes_dropped_count,
            "device_error_count": counts.device_error_count,
            "open_count": health.open_count,
            "last_received_age_s": f"{age_s:.3f}",
        }
        return link_status(self.name, health, values, problem)
