# SPDX-License-Identifier: Apache-2.0
"""Values to messages. The way back is pure and serves replay too: ``values``, from ``gait_messages.values``.

Field types are not checked by rclpy: every number is sent as ``float(...)`` or ``int(...)``, arrays as ``array('d')``.
"""

import math
from array import array

import numpy as np
from builtin_interfaces.msg import Time
from gait_lab import msg
from geometry_msgs.msg import WrenchStamped
from sensor_msgs.msg import Imu

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Stride
from gait_analysis.participant import Participant, Role
from gait_analysis.standing import Standing
from gait_feedback.cue import Cue
from gait_feedback.cueing import CueingState
from gait_messages import values
from gait_sensing.mounting.mounting import SegmentMounting
from gait_sensing.mounting.placement import MountingFinding
from gait_sensing.samples import Array, ForceSamples, ImuSample, Side
from gait_sensing.wires.raw_log import RawEntry

SIDE_NUMBER = {Side.LEFT: msg.LimbState.SIDE_LEFT, Side.RIGHT: msg.LimbState.SIDE_RIGHT, None: 0}
ROLE_NUMBER = {
    Role.UNKNOWN: msg.LimbState.ROLE_UNKNOWN,
    Role.SOUND: msg.LimbState.ROLE_SOUND,
    Role.PROSTHETIC: msg.LimbState.ROLE_PROSTHETIC,
}
_KIND_NUMBER = {
    EventKind.INITIAL_CONTACT: msg.GaitEvent.INITIAL_CONTACT,
    EventKind.FOOT_OFF: msg.GaitEvent.FOOT_OFF,
}
_SOURCE_NUMBER = {
    Source.FORCE: msg.GaitEvent.SOURCE_FORCE,
    Source.IMU: msg.GaitEvent.SOURCE_IMU,
    Source.PROSTHESIS: msg.GaitEvent.SOURCE_PROSTHESIS,
}
_FINDING_NUMBER = {"info": msg.ImuMounting.INFO, "warn": msg.ImuMounting.WARN, "error": msg.ImuMounting.ERROR}
_UNKNOWN_COVARIANCE = array("d", [0.0] * 9)  # REP 145: all zeros, covariance unknown
_NOT_MEASURED = array("d", [-1.0] + [0.0] * 8)  # REP 145: -1 first, no such measurement


def to_stamp(time_s: float) -> Time:
    """Return Unix seconds as a stamp, to the nearest nanosecond that a float64 can tell."""
    sec, nanosec = values.stamp_parts(time_s)
    return Time(sec=sec, nanosec=nanosec)


def raw_bytes_message(entries: list[RawEntry]) -> msg.RawBytes:
    """Return what happened on a wire, oldest first."""
    return msg.RawBytes(
        kind=array("B", [entry.kind.value for entry in entries]),
        time_s=array("d", [entry.time_s for entry in entries]),
        byte_count=array("I", [len(entry.data) for entry in entries]),
        data=array("B", b"".join(entry.data for entry in entries)),
    )


def imu_message(sample: ImuSample) -> Imu:
    """Return one IMU sample; what the sensor does not measure is NaN with covariance -1 (REP 145)."""
    message = Imu()
    message.header.stamp = to_stamp(sample.time_s)
    message.header.frame_id = sample.segment
    for vector, measured in (
        (message.linear_acceleration, sample.acceleration_mps2),
        (message.angular_velocity, sample.angular_rate_radps),
    ):
        vector.x, vector.y, vector.z = measured
    orientation = message.orientation
    orientation.x, orientation.y, orientation.z, orientation.w = sample.orientation_xyzw
    message.linear_acceleration_covariance = _covariance(sample.acceleration_mps2)
    message.angular_velocity_covariance = _covariance(sample.angular_rate_radps)
    message.orientation_covariance = _covariance(sample.orientation_xyzw)
    return message


def mounting_message(
    mountings: list[SegmentMounting], findings: list[MountingFinding], now_s: float
) -> msg.ImuMounting:
    """Return how the IMUs sit, and what is wrong with it."""
    message = msg.ImuMounting()
    message.header.stamp = to_stamp(now_s)
    for mounting in mountings:
        message.segments.append(
            msg.SegmentMounting(
                segment=mounting.segment,
                rotation_xyzw=np.array(mounting.rotation_xyzw, np.float64),
                tilt_spread_rad=float(mounting.tilt_spread_rad),
                rate_share=float(mounting.rate_share),
                stride_agreement=float(mounting.stride_agreement),
                stride_count=int(mounting.stride_count),
            )
        )
    message.finding_segment = [finding.segment for finding in findings]
    message.finding_level = array("B", [_FINDING_NUMBER[finding.level] for finding in findings])
    message.finding_text = [finding.text for finding in findings]
    return message


def force_samples_message(samples: ForceSamples) -> msg.ForceSamples:
    """Return a batch; each time is sent relative to the stamp as rounded, so that no rounding adds up."""
    message = msg.ForceSamples()
    stamp = to_stamp(float(samples.time_s[0]))
    message.header.stamp = stamp
    message.header.frame_id = samples.name
    message.first_sample_count = int(samples.first_sample_count)
    message.time_offset_s = _doubles(samples.time_s - (stamp.sec + 1e-9 * stamp.nanosec))
    message.force_n = _doubles(samples.force_n)
    message.moment_nm = _doubles(samples.moment_nm)
    message.centre_of_pressure_m = _doubles(samples.centre_of_pressure_m)
    return message


def wrench_message(samples: ForceSamples) -> WrenchStamped:
    """Return the newest sample of a batch as a standard wrench."""
    message = WrenchStamped()
    message.header.stamp = to_stamp(float(samples.time_s[-1]))
    message.header.frame_id = samples.name
    force, torque = message.wrench.force, message.wrench.torque
    force.x, force.y, force.z = (float(value) for value in samples.force_n[-1])
    torque.x, torque.y, torque.z = (float(value) for value in samples.moment_nm[-1])
    return message


def state_message(state: GaitState, participant: Participant, now_s: float) -> msg.GaitState:
    """Return the state of both limbs; ``age_s`` is taken against ``now_s``, the moment of publishing."""
    message = msg.GaitState()
    message.header.stamp = to_stamp(state.time_s)
    message.left = _limb_message(state.left, participant)
    message.right = _limb_message(state.right, participant)
    message.left_belt_speed_mps = float(state.left_belt_speed_mps)
    message.right_belt_speed_mps = float(state.right_belt_speed_mps)
    message.age_s = float(now_s - state.newest_sample_s)
    return message


def event_message(event: GaitEvent, participant: Participant) -> msg.GaitEvent:
    """Return one gait event."""
    message = msg.GaitEvent()
    message.header.stamp = to_stamp(event.time_s)
    message.side = SIDE_NUMBER[event.side]
    message.role = ROLE_NUMBER[participant.role(event.side)]
    message.kind = _KIND_NUMBER[event.kind]
    message.source = _SOURCE_NUMBER[event.source]
    message.confidence = float(event.confidence)
    message.flags = int(event.flags.value)
    message.detected = to_stamp(event.detected_s)
    message.stride_number = int(event.stride_number)
    message.sensor = event.sensor
    message.reason = event.reason
    return message


def stride_message(stride: Stride, participant: Participant) -> msg.Stride:
    """Return one finished stride."""
    message = msg.Stride()
    message.header.stamp = to_stamp(stride.end_s)
    message.side = SIDE_NUMBER[stride.side]
    message.role = ROLE_NUMBER[participant.role(stride.side)]
    message.number, message.is_accepted, message.reason = int(stride.number), bool(stride.is_accepted), stride.reason
    message.start = to_stamp(stride.start_s)
    message.other_foot_off = to_stamp(stride.other_foot_off_s)
    message.other_contact = to_stamp(stride.other_contact_s)
    message.foot_off = to_stamp(stride.foot_off_s)
    message.stance_doubt = stride.stance_doubt
    message.deviations = [
        msg.StrideDeviation(
            name=each.name, presence=each.presence.value, text=each.text, amount=float(each.amount), unit=each.unit
        )
        for each in stride.deviations
    ]
    for name in _STRIDE_NUMBERS:
        setattr(message, name, float(getattr(stride, name)))
    return message


def asymmetry_message(asymmetry: Asymmetry) -> msg.Asymmetry:
    """Return the asymmetry of every metric."""
    message = msg.Asymmetry()
    message.header.stamp = to_stamp(asymmetry.time_s)
    message.side = SIDE_NUMBER[asymmetry.side]
    message.metrics = [_metric_message(metric) for metric in asymmetry.metrics]
    return message


def standing_message(standing: Standing) -> msg.Standing:
    """Return weight and sway of both feet."""
    message = msg.Standing()
    message.header.stamp = to_stamp(standing.time_s)
    message.is_standing, message.reason = bool(standing.is_standing), standing.reason
    for name in _STANDING_NUMBERS:
        setattr(message, name, float(getattr(standing, name)))
    return message


def cue_message(cue: Cue, number: int, participant: Participant, decided_s: float) -> msg.Cue:
    """Return one cue."""
    message = msg.Cue()
    message.header.stamp = to_stamp(decided_s)
    message.number = int(number)
    message.side = SIDE_NUMBER[cue.side]
    message.role = ROLE_NUMBER[participant.role(cue.side)]
    message.modality = int(cue.modality.value)
    message.intensity, message.duration_s = float(cue.intensity), float(cue.duration_s)
    message.reason, message.text = cue.reason, cue.text
    message.event, message.detected = to_stamp(cue.event_s), to_stamp(cue.detected_s)
    return message


def sent_receipt(
    cue: msg.Cue,
    sent_s: float,
    now_s: float,
    acknowledged_s: float = math.nan,
    device_time_s: float = math.nan,
    text: str = "",
) -> msg.CueReceipt:
    """Return the receipt of a cue whose bytes had been handed to the wire at ``sent_s``; NaN: not acknowledged."""
    message = _receipt(cue, msg.CueReceipt.SENT, now_s)
    message.sent, message.acknowledged = to_stamp(sent_s), to_stamp(acknowledged_s)
    message.is_acknowledged, message.device_time_s = not math.isnan(acknowledged_s), float(device_time_s)
    message.text = text
    return message


def dropped_receipt(cue: msg.Cue, result: int, text: str, now_s: float) -> msg.CueReceipt:
    """Return the receipt of a cue that was not sent, and why."""
    message = _receipt(cue, result, now_s)
    message.text = text
    return message


def feedback_message(state: CueingState, law_text: str, names: dict[str, str], now_s: float) -> msg.FeedbackState:
    """Return what the feedback does; ``names`` of ``strategy`` and ``law``, ``law_text`` why the law asks for rest."""
    message = msg.FeedbackState(**names, law_text=law_text, guard_text=state.guard, schedule_text=state.schedule)
    message.header.stamp = to_stamp(now_s)
    message.guard_level, message.unwatched = int(state.level.value), list(state.unwatched)
    for name in ("given_count", "withheld_count", "dropped_count"):
        setattr(message, name, int(getattr(state, name)))
    return message


def _receipt(cue: msg.Cue, result: int, now_s: float) -> msg.CueReceipt:
    message = msg.CueReceipt(number=cue.number, side=cue.side, result=result)
    message.header.stamp = to_stamp(now_s)
    message.event, message.detected, message.decided = cue.event, cue.detected, cue.header.stamp
    message.device_time_s = math.nan
    return message


_STRIDE_NUMBERS = tuple(name for name, kind in msg.Stride.get_fields_and_field_types().items() if kind == "double")
_STANDING_NUMBERS = tuple(name for name, kind in msg.Standing.get_fields_and_field_types().items() if kind == "double")


def _limb_message(limb: LimbState, participant: Participant) -> msg.LimbState:
    message = msg.LimbState()
    message.side = SIDE_NUMBER[limb.side]
    message.role = ROLE_NUMBER[participant.role(limb.side)]
    message.is_contact_known = limb.is_in_contact is not None
    message.is_in_contact = bool(limb.is_in_contact)
    message.subphase = int(limb.subphase.value)
    message.is_phase_valid = bool(limb.is_phase_valid)
    message.phase, message.phase_rate_hz = float(limb.phase), float(limb.phase_rate_hz)
    message.load_bw, message.reason = float(limb.load_bw), limb.reason
    return message


def _metric_message(metric: MetricAsymmetry) -> msg.AsymmetryMetric:
    message = msg.AsymmetryMetric()
    for name, kind in MetricAsymmetry.__annotations__.items():
        value = getattr(metric, name)
        setattr(message, name, float(value) if kind is float else value)
    return message


def _doubles(values: Array) -> "array[float]":
    result = array("d")
    result.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return result


def _covariance(values: tuple[float, ...]) -> "array[float]":
    return _NOT_MEASURED if math.isnan(values[0]) else _UNKNOWN_COVARIANCE
