# SPDX-License-Identifier: Apache-2.0
"""Messages to values, for nodes and replay alike: the same arithmetic, so the same bits.

Nothing here imports a message: each function takes any object that has the message's fields, be it from a subscription
or decoded from a recording. One whose number is none of its constants, or whose lists do not belong together, raises
``ValueError``, which names field, number and what was expected: such a message is dropped as a whole, and nothing is
guessed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.gait import (
    Asymmetry,
    GaitState,
    LimbState,
    MetricAsymmetry,
    Presence,
    Stride,
    StrideDeviation,
    Subphase,
)
from gait_analysis.participant import Input, Participant
from gait_analysis.standing import Standing
from gait_feedback.cue import Cue, Modality
from gait_sensing.samples import Array, BeltSample, ForceSamples, ImuSample, Side, Vector
from gait_sensing.wires.raw_log import RawEntry, RawKind

# Numbers as in the messages' constants; a test holds them against the .msg files.
SIDES = {1: Side.LEFT, 2: Side.RIGHT}
KINDS = {1: EventKind.INITIAL_CONTACT, 2: EventKind.FOOT_OFF}
SOURCES = {1: Source.FORCE, 2: Source.IMU, 3: Source.PROSTHESIS}
INPUTS = {0: Input.LIVE, 1: Input.SIMULATED, 2: Input.RECORDING}
MODALITIES = {modality.value: modality for modality in Modality}
SUBPHASES = {subphase.value: subphase for subphase in Subphase}
PRESENCES = {presence.value: presence for presence in Presence}
RAW_KINDS = {kind.value: kind for kind in RawKind}
FLAGS = {number: EventFlag(number) for number in range(2 * max(flag.value for flag in EventFlag))}  # every sum

_STRIDE_STAMPS = ("start", "other_foot_off", "other_contact", "foot_off")
_STRIDE_OTHERS = {"side", "end_s", "deviations", *(f"{name}_s" for name in _STRIDE_STAMPS)}
_STRIDE_SAME = tuple(name for name in Stride._fields if name not in _STRIDE_OTHERS)
_STANDING_SAME = tuple(name for name in Standing._fields if name != "time_s")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What the analysis must know of a session. Two are equal when all they tell is the same, an unknown mass too."""

    participant: Participant
    input: Input
    start_s: float  # analysis begins afresh at this sample time; 0 before the session starts
    prepared_s: float = 0.0  # since then every sensor is recorded; 0 before the session starts

    def __eq__(self, other: object) -> bool:
        """Compare as text: an unknown mass is NaN, which equals nothing."""
        return isinstance(other, Session) and repr(self) == repr(other)

    def __hash__(self) -> int:
        """Equal sessions have equal text."""
        return hash(repr(self))


def seconds(stamp: Any) -> float:
    """Return a stamp as Unix seconds."""
    return float(stamp.sec + 1e-9 * stamp.nanosec)


def known_seconds(stamp: Any) -> float:
    """Return a stamp as Unix seconds, NaN for a zero one: where a time may be missing, zero says that it is."""
    return math.nan if stamp.sec == 0 and stamp.nanosec == 0 else seconds(stamp)


def stamp_parts(time_s: float) -> tuple[int, int]:
    """Return Unix seconds as ``sec`` and ``nanosec`` of a stamp, to the nearest nanosecond; NaN gives a zero stamp.

    ``seconds`` gives a present-day time back exactly: a float64 of that size cannot tell 1 ns.
    """
    if math.isnan(time_s):
        return 0, 0
    whole_s = math.floor(time_s)
    nanosec = round((time_s - whole_s) * 1e9)
    return (whole_s + 1, 0) if nanosec == 1_000_000_000 else (whole_s, nanosec)


def as_stamped_s(time_s: float) -> float:
    """Return ``time_s`` as it comes out of a message."""
    sec, nanosec = stamp_parts(time_s)
    return math.nan if math.isnan(time_s) else float(sec + 1e-9 * nanosec)


def side(message: Any) -> Side:
    """Return the side that a message is about."""
    return _meaning(SIDES, "side", message.side)


def force_samples(message: Any) -> ForceSamples:
    """Return the samples of a ForceSamples message."""
    return ForceSamples(
        name=message.header.frame_id,
        first_sample_count=message.first_sample_count,
        time_s=seconds(message.header.stamp) + _array(message.time_offset_s),
        force_n=_rows(message, "force_n", 3),
        moment_nm=_rows(message, "moment_nm", 3),
        centre_of_pressure_m=_rows(message, "centre_of_pressure_m", 2),
    )


def imu_sample(message: Any, segment: str) -> ImuSample:
    """Return the sample of a sensor_msgs/Imu; ``segment`` is the last part of its topic's name."""
    acceleration, rate, orientation = message.linear_acceleration, message.angular_velocity, message.orientation
    return ImuSample(
        segment=segment,
        time_s=seconds(message.header.stamp),
        acceleration_mps2=_measured(
            (acceleration.x, acceleration.y, acceleration.z), message.linear_acceleration_covariance
        ),
        angular_rate_radps=_measured((rate.x, rate.y, rate.z), message.angular_velocity_covariance),
        orientation_xyzw=_measured(
            (orientation.x, orientation.y, orientation.z, orientation.w), message.orientation_covariance
        ),
    )


def stamped_wrench(message: Any) -> tuple[Vector, Vector, float]:
    """Return force in N, moment in N m and time of a geometry_msgs/WrenchStamped."""
    force, moment = message.wrench.force, message.wrench.torque
    return (force.x, force.y, force.z), (moment.x, moment.y, moment.z), seconds(message.header.stamp)


def raw_entries(message: Any) -> list[RawEntry]:
    """Return what a RawBytes message tells of a wire, oldest first."""
    entries, end = [], 0
    for kind, time_s, byte_count in zip(message.kind, message.time_s, message.byte_count, strict=True):
        start, end = end, end + byte_count
        entries.append(RawEntry(_meaning(RAW_KINDS, "kind", kind), time_s, bytes(message.data[start:end])))
    return entries


def belt_sample(message: Any) -> BeltSample:
    """Return what a TreadmillState measured."""
    return BeltSample(
        seconds(message.header.stamp), message.left_speed_mps, message.right_speed_mps, message.incline_rad
    )


def session(message: Any) -> Session:
    """Return what a SessionState tells the analysis."""
    participant = Participant(
        message.body_mass_kg,
        _meaning({0: None, **SIDES}, "prosthetic_side", message.prosthetic_side),
        message.amputation_level or "unknown",
        message.leg_length_m or math.nan,  # 0 is a field that nobody filled
        is_push_allowed=message.is_push_allowed,
    )
    source = _meaning(INPUTS, "input", message.input)
    return Session(participant, source, seconds(message.start), seconds(message.prepared))


def gait_event(message: Any) -> GaitEvent:
    """Return the event of a GaitEvent message."""
    return GaitEvent(
        time_s=seconds(message.header.stamp),
        detected_s=seconds(message.detected),
        side=side(message),
        kind=_meaning(KINDS, "kind", message.kind),
        source=_meaning(SOURCES, "source", message.source),
        confidence=message.confidence,
        flags=_meaning(FLAGS, "flags", message.flags),
        stride_number=message.stride_number,
        sensor=message.sensor,
        reason=message.reason,
    )


def stride(message: Any) -> Stride:
    """Return the stride of a Stride message."""
    content: dict[str, Any] = {name: getattr(message, name) for name in _STRIDE_SAME}
    content |= {f"{name}_s": known_seconds(getattr(message, name)) for name in _STRIDE_STAMPS}
    deviations = tuple(
        StrideDeviation(each.name, _meaning(PRESENCES, "presence", each.presence), each.text, each.amount, each.unit)
        for each in message.deviations
    )
    return Stride(side=side(message), end_s=seconds(message.header.stamp), deviations=deviations, **content)


def asymmetry(message: Any) -> Asymmetry:
    """Return the asymmetries of an Asymmetry message."""
    metrics = (
        MetricAsymmetry(*(getattr(metric, name) for name in MetricAsymmetry._fields)) for metric in message.metrics
    )
    return Asymmetry(seconds(message.header.stamp), side(message), tuple(metrics))


def standing(message: Any) -> Standing:
    """Return what a Standing message tells."""
    return Standing(seconds(message.header.stamp), **{name: getattr(message, name) for name in _STANDING_SAME})


def gait_state(message: Any) -> GaitState:
    """Return the state of a GaitState message; the time of its newest sample is not in the message and becomes NaN."""
    return GaitState(
        time_s=seconds(message.header.stamp),
        newest_sample_s=math.nan,
        left=_limb_state(message.left),
        right=_limb_state(message.right),
        left_belt_speed_mps=message.left_belt_speed_mps,
        right_belt_speed_mps=message.right_belt_speed_mps,
    )


def cue(message: Any) -> Cue:
    """Return the cue of a Cue message."""
    return Cue(
        side=side(message),
        event_s=seconds(message.event),
        detected_s=seconds(message.detected),
        intensity=message.intensity,
        duration_s=message.duration_s,
        reason=message.reason,
        text=message.text,
        modality=_meaning(MODALITIES, "modality", message.modality),
    )


def _limb_state(message: Any) -> LimbState:
    return LimbState(
        side=side(message),
        is_in_contact=message.is_in_contact if message.is_contact_known else None,
        subphase=_meaning(SUBPHASES, "subphase", message.subphase),
        phase=message.phase,
        phase_rate_hz=message.phase_rate_hz,
        load_bw=message.load_bw,
        reason=message.reason,
    )


def _meaning(known: Mapping[int, T], field: str, number: int) -> T:
    if number not in known:
        raise ValueError(f"{field}: got {number}, expected one of {', '.join(map(str, known))}")
    return known[number]


def _array(numbers: Any) -> Array:
    return np.asarray(numbers, dtype=np.float64)


def _rows(message: Any, field: str, width: int) -> Array:
    """Return the numbers of a field of ForceSamples as [n, width], n being the number of its times."""
    n, numbers = len(message.time_offset_s), _array(getattr(message, field))
    if len(numbers) != n * width:
        raise ValueError(f"{field}: got {len(numbers)} numbers, expected {width} for each of {n} times")
    return numbers.reshape(n, width)


def _measured(vector: tuple[float, ...], covariance: Any) -> Any:
    """Return ``vector``, or NaN in its place where REP 145 says "not measured": first covariance -1."""
    return vector if covariance[0] != -1.0 else (math.nan,) * len(vector)
