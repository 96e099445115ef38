# SPDX-License-Identifier: Apache-2.0
"""ATI Net F/T (Net Box, NETrs, Axia) six-axis load cells: RDT over UDP port 49152, factors and units over HTTP.

Record, 36 bytes, big-endian: RDT sequence u32, F/T sequence u32, status u32, then Fx Fy Fz Tx Ty Tz as i32 counts. A
datagram holds one record, in buffered mode several. Request, 8 bytes: ``12 34``, command u16, number of records u32,
0 for no end; commands are 0 stop, 2 real-time, 3 buffered. No checksum but UDP's own.

Counts mean nothing without the device's page ``netftapi2.xml``: ``cfgcpf`` and ``cfgcpt`` are counts per unit of force
and of torque, ``scfgfu`` and ``scfgtu`` name the units, which need not be SI. Nothing is decoded before it was taken.
The output rate can be set on the device's own pages only; where the page tells it (``comrdtrate``), it must be
``rate_hz``, or times would be wrong.

Decisions. A record with any status bit is counted and left out: the device itself does not vouch for it. The device's
bias command is never sent: the zero is taken, checked and logged on this side. A lost request, or a lost stop of
somebody else's, ends in silence, upon which the reader connects anew.

Source: public readers (netft_utils, ros2_net_ft_driver, sawATIForceSensor and Python clients), which agree on record,
requests and names in the page. Confidence: high for record, requests and names; medium for the spelling of units, which
differs between firmwares and is therefore compared without case and punctuation; low for what single status bits mean.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver
from gait_sensing.samples import Array, ForceReadings

RECORD = np.dtype([("rdt", ">u4"), ("ft", ">u4"), ("status", ">u4"), ("counts", ">i4", 6)])
REQUEST = struct.Struct(">HHI")
REQUEST_HEAD = 0x1234
STOP = 0
START = {"realtime": 2, "buffered": 3}
SEQUENCE_MODULUS = 1 << 32
MAX_VALUE_CHARACTERS = 40  # an error message quotes it
LARGEST_COUNT = (1 << 31) - 1
SATURATED = 0xC0000000  # the emulator's status; any bit would do
EMULATED_COUNTS = 1_000_000  # per N and per N m

LBF_N, KGF_N, INCH_M, FOOT_M = 4.4482216152605, 9.80665, 0.0254, 0.3048
FORCE_UNITS_N = {"lbf": LBF_N, "klbf": 1000.0 * LBF_N, "n": 1.0, "kn": 1000.0, "kgf": KGF_N}
TORQUE_UNITS_NM = {
    "lbfin": LBF_N * INCH_M,
    "lbfft": LBF_N * FOOT_M,
    "nm": 1.0,
    "nmm": 0.001,
    "kgfcm": 0.01 * KGF_N,
    "knm": 1000.0,
}


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of an ATI Net F/T."""

    rate_hz: float = setting(1000.0, "records a second, as set on the device's own page", low=1.0, high=7812.0)
    mode: str = setting("realtime", "a record each datagram, or several", choices=("realtime", "buffered"))


class Driver(LoadCellDriver):
    """Host side: takes the page, asks for the stream, scales records; ``feed`` takes one datagram."""

    is_datagram = True
    has_checksum = False
    page_path = "netftapi2.xml"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.sample_interval_s = self.tick_s = 1.0 / settings.rate_hz
        self.tick_modulus = SEQUENCE_MODULUS
        self._rate_hz = settings.rate_hz
        self._start = REQUEST.pack(REQUEST_HEAD, START[settings.mode], 0)
        self._scale: Array | None = None  # [6] N or N m a count; None before a page was taken

    def take_page(self, page: bytes) -> None:
        """Take factors and units; see ``driver.Driver``.

        Raises ``ValueError`` naming the value that is missing, no number or not as set; then nothing is decoded.
        """
        self._scale = None
        values = _page_values(page)
        rate_hz = _number(values, "comrdtrate") if "comrdtrate" in values else self._rate_hz
        if abs(rate_hz - self._rate_hz) > 0.5:
            raise ValueError(f"comrdtrate: the device is set to {rate_hz:g} Hz, expected rate_hz = {self._rate_hz:g}")
        self.force_step_n = _unit(values, "scfgfu", FORCE_UNITS_N) / _number(values, "cfgcpf")
        self.moment_step_nm = _unit(values, "scfgtu", TORQUE_UNITS_NM) / _number(values, "cfgcpt")
        self._scale = np.repeat([self.force_step_n, self.moment_step_nm], 3)

    def connect(self) -> bytes:
        """Return the request for an endless stream; one that runs already is taken over."""
        return self._start

    def disconnect(self) -> bytes:
        """Return the request to stop."""
        return REQUEST.pack(REQUEST_HEAD, STOP, 0)

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings of the datagram ``data``; see ``driver.LoadCellDriver``."""
        if self._scale is None or len(data) % RECORD.itemsize:
            self.counts.bytes_dropped_count += len(data)
            data = b""
        records = np.frombuffer(data, RECORD)
        self.counts.frame_count += len(records)
        if any(records["status"].tolist()):  # twice as fast as numpy for a few records
            is_bad = records["status"] != 0
            self.counts.device_error_count += int(is_bad.sum())
            records = records[~is_bad]
        self.counts.reading_count += len(records)
        wrench = records["counts"] * (0.0 if self._scale is None else self._scale)
        return ForceReadings(records["rdt"].astype(np.int64), wrench[:, :3], wrench[:, 3:])


class Emulator:
    """Device side: knows start and stop, one request a datagram, and packs records; it does not pace itself.

    Calibrated in N and N m. A load beyond the range of a count is sent as the largest, with a status that says so.
    """

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._rate_hz = settings.rate_hz

    def page(self) -> bytes:
        """Return what the device's HTTP server answers at ``Driver.page_path``."""
        values = {
            "cfgcpf": EMULATED_COUNTS,
            "cfgcpt": EMULATED_COUNTS,
            "scfgfu": "N",
            "scfgtu": "Nm",
            "comrdtrate": f"{self._rate_hz:g}",
        }
        elements = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        return f'<?xml version="1.0" encoding="UTF-8"?><netft>{elements}</netft>'.encode()

    def feed(self, data: bytes) -> bytes:
        """Take one datagram; the device answers with its stream alone."""
        if len(data) == REQUEST.size:
            head, command, _ = REQUEST.unpack(data)
            if head == REQUEST_HEAD and command in (STOP, *START.values()):
                self.is_streaming = command != STOP
        return b""

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the records of ``reading``, one datagram in buffered mode; loads are rounded to a count."""
        counts = np.rint(np.hstack([reading.force_n, reading.moment_nm]) * EMULATED_COUNTS)
        is_beyond = (np.abs(counts) > LARGEST_COUNT).any(axis=1)
        records = np.zeros(len(reading.ticks), RECORD)
        records["rdt"] = records["ft"] = reading.ticks % SEQUENCE_MODULUS
        records["status"] = np.where(is_beyond, SATURATED, 0)
        records["counts"] = np.clip(counts, -LARGEST_COUNT, LARGEST_COUNT)
        return records.tobytes()


def _page_values(page: bytes) -> dict[str, str]:
    """Return the text of each element by name. Raises ``ValueError`` for what is no XML."""
    try:
        return {
            element.tag: (element.text or "").strip()[:MAX_VALUE_CHARACTERS]
            for element in ElementTree.fromstring(page).iter()
        }
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an encoding that Python does not know
        raise ValueError(f"not XML: {error}") from error


def _text(values: Mapping[str, str], name: str) -> str:
    if not values.get(name):
        raise ValueError(f"{name}: missing")
    return values[name]


def _number(values: Mapping[str, str], name: str) -> float:
    text = _text(values, name)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name}: got {text!r}, expected a number above 0")
    return number


def _unit(values: Mapping[str, str], name: str, units: Mapping[str, float]) -> float:
    """Return how much SI the unit is; "N-m", "Nm" and "N m" are one."""
    text = _text(values, name)
    key = re.sub("[^a-z]", "", text.lower())
    if key not in units:
        raise ValueError(f"{name}: got {text!r}, expected one of {', '.join(units)}")
    return units[key]
