# SPDX-License-Identifier: Apache-2.0
"""Plain files of one walk, joined by their times into the samples that the live sensors would have sent.

Plates become the force streams of the feet on them, in the lab's axes; fore-aft force without its column is 0, since
the analysis wants a number, and ``without_fap`` says so. IMUs keep their own axes, as live. A sensor without a name
in its file gets it from the options, else from the words of the file's name.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gait_analysis.stream_merge import cut
from gait_sensing.samples import SEGMENTS, Array, ForceSamples, ImuRow, ImuSamples, Side
from gait_session.plain_file import CENTRE_MIN_N, PlainFile, PlateColumns, missing_of_imus

SHARED_PLATE = "belt"  # name of the force stream of a plate under both feet
LONGEST_STANCE_S = 3.0  # a plate that is loaded for longer, most of the time, is under both feet
LONGEST_GAP = 5.0  # usual intervals between rows; a longer stretch is a gap
_LINKS = {  # words in a file's name, first that fits -> link; "foot" last, as in "barefoot"
    "lowerback": "pelvis", "lower_back": "pelvis", "lumbar": "pelvis", "pelvis": "pelvis", "trunk": "trunk",
    "sternum": "trunk", "thigh": "thigh", "shank": "shank", "shoe": "foot", "foot": "foot",
}  # fmt: skip
_SIDES = {"l": Side.LEFT, "r": Side.RIGHT}
_SIDE_WORDS = (
    r"(?<![a-z0-9])(?:left|right|[lr](?![a-z0-9]))"  # at the begin of a word, as in "foot_L" but not in "cleft"
)
_UNKNOWN_XYZW = (math.nan,) * 4


@dataclass(frozen=True)
class PlainWalk:
    """The sensors of a walk. Every stream's times increase strictly."""

    forces: dict[Side | None, ForceSamples] = field(default_factory=dict)  # by the foot on the plate; None: both are
    imus: dict[str, Array] = field(default_factory=dict)  # segment -> [n, 7] time, acceleration, angular rate
    without_fap: set[Side | None] = field(default_factory=set)  # feet whose fore-aft force is not known
    notes: list[str] = field(default_factory=list)  # what was assumed or left out, in sentences
    block_s: float = 0.08  # of sample time that is fed at once: below what the analysis waits for a stream

    @property
    def times_s(self) -> dict[str, Array]:
        """Times of each stream, under the name that the analysis knows it by."""
        plates = {samples.name: samples.time_s for samples in self.forces.values()}
        return {**plates, **{segment: table[:, 0] for segment, table in self.imus.items()}}

    @property
    def start_s(self) -> float:
        """First time of all streams."""
        return min(float(time_s[0]) for time_s in self.times_s.values())

    @property
    def end_s(self) -> float:
        """Last time of all streams."""
        return max(float(time_s[-1]) for time_s in self.times_s.values())

    @property
    def rate_hz(self) -> float:
        """Rows a second of the fastest stream, gaps left out."""
        return max(1.0 / usual_interval_s(time_s) for time_s in self.times_s.values())

    def samples(self) -> Iterator[ForceSamples | ImuSamples]:
        """Yield all samples, block by block: of each the IMUs' first, which nothing waits for, then force."""
        numbers = {name: (time_s - self.start_s) // self.block_s for name, time_s in self.times_s.items()}
        blocks = np.unique(np.concatenate(list(numbers.values())))
        borders = {name: number.searchsorted([*blocks, np.inf]).tolist() for name, number in numbers.items()}
        rows: dict[str, list[ImuRow]] = {
            segment: [(*row, *_UNKNOWN_XYZW) for row in table.tolist()] for segment, table in self.imus.items()
        }
        newest_s = dict.fromkeys(self.imus, -math.inf)
        for block in range(len(blocks)):
            # The one that was silent for longest first, so that no other goes ahead without it when it is back.
            for segment in sorted(rows, key=newest_s.__getitem__):
                if some := rows[segment][slice(*borders[segment][block : block + 2])]:
                    newest_s[segment] = some[-1][0]
                    yield ImuSamples(segment, some)
            for samples in self.forces.values():
                first, end = borders[samples.name][block : block + 2]
                if first < end:
                    yield cut(samples, first, end)


def usual_interval_s(time_s: Array) -> float:
    """Return the mean interval between the times of rows [n], n at least 2, gaps left out."""
    intervals_s = np.diff(time_s)
    return float(np.mean(intervals_s[intervals_s < 1.5 * np.median(intervals_s)]))


def gaps_s(time_s: Array) -> Array:
    """Return the durations [gaps] of the gaps between the times of rows [n], n at least 2."""
    intervals_s = np.diff(time_s)
    return intervals_s[intervals_s > LONGEST_GAP * np.median(intervals_s)]


def join(
    files: Sequence[PlainFile], side: Side | None, segment: str | None, force_streams: Mapping[Side, str]
) -> PlainWalk:
    """Return the walk in ``files``; ``side`` and ``segment`` are of sensors without a name.

    A plate without a name and side is under both feet when it has a centre of pressure and is loaded without a break.

    A sensor in several files is one stream where one file ends before the next begins. Raises ``ValueError`` where
    they overlap, for a file of which nothing can be used, and for an IMU that nobody knows the place of.
    """
    walk = PlainWalk()
    for file in sorted(files, key=lambda file: float(file.time_s[0]) if len(file.time_s) else 0.0):
        if not file.plates and not file.imus:
            missing = missing_of_imus(file)
            why = f"; of an IMU it lacks {', '.join(missing)}" if missing else ""
            found = ", ".join(["time_s", *file.unused])
            raise ValueError(
                f"the recording {file.path} has no plate or IMU: expected columns such as fz_left_N, fz_N, "
                f"leftfoot_acc_x to leftfoot_gyr_z, or acc_x to gyr_z; it has {found}{why}"
            )
        if file.unused:
            walk.notes.append(f"not used of {file.path.name}: {', '.join(file.unused)}")
        for name, plate in file.plates.items():
            foot = Side(name) if name else _foot(file, side, plate, walk.notes)
            _add_plate(walk, file, foot, SHARED_PLATE if foot is None else force_streams[foot], plate)
        for name, table in file.imus.items():
            _add_imu(walk, file, name or _segment(file, side, segment, walk.notes), table)
    if not walk.times_s:
        raise ValueError(f"nothing can be analysed: {'; '.join(walk.notes)}")
    return walk


def _foot(file: PlainFile, side: Side | None, plate: PlateColumns, notes: list[str]) -> Side | None:
    """Return whose plate it is; ``None``: that of both feet."""
    if side is None and _is_under_both(file.time_s, plate):
        notes.append(f"{file.path.name}: the plate is loaded without a break; taken as under both feet, see --side")
        return None
    return _side(file, side, "the foot on this plate", notes)


def _is_under_both(time_s: Array, plate: PlateColumns) -> bool:
    """Whether most of the time of load is in stretches too long for the stance of one foot."""
    is_loaded = plate.fz_n > 0.1 * np.nanquantile(plate.fz_n, 0.9)
    if np.isnan(plate.cop_ml_m).all() or not is_loaded.any():
        return False
    begins = np.flatnonzero(np.diff(is_loaded.astype(int), prepend=0) == 1)
    ends = np.flatnonzero(np.diff(is_loaded.astype(int), append=0) == -1)
    stretches_s = time_s[ends] - time_s[begins]
    return bool(stretches_s[stretches_s > LONGEST_STANCE_S].sum() > 0.5 * stretches_s.sum())


def _side(file: PlainFile, side: Side | None, what: str, notes: list[str]) -> Side:
    stem = file.path.stem.lower()
    found = {_SIDES[word[0]] for word in re.findall(_SIDE_WORDS, stem) or re.findall("left|right", stem)}
    if side is None and len(found) == 1:
        (side,) = found
        notes.append(f"{file.path.name}: {what} is taken as the {side.value} one, from the file's name")
    if side is None:
        notes.append(f"{file.path.name}: nobody said whether {what} is left or right; taken as left, see --side")
    return side or Side.LEFT


def _segment(file: PlainFile, side: Side | None, segment: str | None, notes: list[str]) -> str:
    if segment is not None:
        return segment
    link = next((link for word, link in _LINKS.items() if word in file.path.stem.lower()), None)
    if link is None:
        raise ValueError(
            f"the recording {file.path} is of one IMU and does not say where it was worn: add --segment with one of "
            f"{', '.join(SEGMENTS)}"
        )
    if link in SEGMENTS:
        notes.append(f"{file.path.name}: taken as worn on the {link}, from the file's name")
        return link
    return f"{_side(file, side, f'the {link} with this IMU', notes).value}_{link}"


def _add_plate(walk: PlainWalk, file: PlainFile, foot: Side | None, stream: str, plate: PlateColumns) -> None:
    is_measured = ~np.isnan(plate.fz_n)
    n = int(is_measured.sum())
    force_n, pressure_m = np.zeros((n, 3)), np.stack([plate.cop_ap_m, -plate.cop_ml_m], axis=1)[is_measured]
    time_s, old = file.time_s[is_measured], walk.forces.get(foot)
    if not _is_stream(walk, file, stream, time_s, None if old is None else old.time_s):
        return
    force_n[:, 2] = plate.fz_n[is_measured]
    if plate.has_fap:
        force_n[:, 0] = plate.fap_n[is_measured]
    else:
        walk.without_fap.add(foot)
    pressure_m[force_n[:, 2] < CENTRE_MIN_N] = np.nan
    samples = ForceSamples(stream, 0, time_s, force_n, np.full((n, 3), np.nan), pressure_m)
    if old is not None:
        names = ("time_s", "force_n", "moment_nm", "centre_of_pressure_m")
        samples = ForceSamples(stream, 0, *(np.concatenate([getattr(old, x), getattr(samples, x)]) for x in names))
    walk.forces[foot] = samples


def _add_imu(walk: PlainWalk, file: PlainFile, segment: str, table: Array) -> None:
    table = np.column_stack([file.time_s, table])
    table = table[~np.isnan(table).any(axis=1)]
    old = walk.imus.get(segment)
    if _is_stream(walk, file, segment, table[:, 0], None if old is None else old[:, 0]):
        walk.imus[segment] = table if old is None else np.concatenate([old, table])


def _is_stream(walk: PlainWalk, file: PlainFile, name: str, time_s: Array, before_s: Array | None) -> bool:
    """Whether ``name`` was measured in ``file`` at all. Raises ``ValueError`` when another file has it then."""
    if len(time_s) < 2:
        walk.notes.append(f"{file.path.name} has {len(time_s)} rows with numbers of {name}, at least 2 are needed")
        return False
    if before_s is not None and time_s[0] <= before_s[-1]:
        raise ValueError(
            f"the recording {file.path} has {name} from {time_s[0]:.3f} s on, and another file has it up to "
            f"{before_s[-1]:.3f} s: they overlap, or --side or --segment is needed to tell two sensors apart"
        )
    return True
