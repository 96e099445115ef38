# SPDX-License-Identifier: Apache-2.0
"""Foot IMU with gaitmap as its examples do it: alignment, stride segmentation, events.

Parts of gaitmap (MIT) come from its companion gaitmap_mad (AGPL), which only the environment that runs this has.
The axes of these recordings are, up to a tilt, those that gaitmap asks for: it is told so, and takes off the tilt, with
the looser stillness of its example of automatic alignment, for on a treadmill the usual one finds none. *Axes found*:
they are found as that example does. A single foot is called the left one.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from gaitmap.event_detection import HerzerEventDetection, RamppEventDetection
from gaitmap.preprocessing.sensor_alignment import ForwardDirectionSignAlignment, PcaAlignment, align_dataset_to_gravity
from gaitmap.stride_segmentation import BarthDtw
from gaitmap.utils.coordinate_conversion import convert_to_fbf
from walks import AXES, Columns, Walk

warnings.simplefilter("ignore")


def find(
    segmentation: type, detection: type, does_align: bool, walk: Walk, columns: Columns
) -> Callable[[], list[tuple]]:
    """Return what finds the events of one foot."""
    units = {"acc": 1.0, "gyr": float(np.rad2deg(1.0))}
    sensor = f"{walk.side or 'left'}_sensor"
    told = {sensor: pd.DataFrame({axis: units[axis[:3]] * columns.filled(axis) for axis in AXES})}
    rate = {"sampling_rate_hz": walk.rate_hz}
    start_s = float(columns.time_s[0])

    def run() -> list[tuple]:
        data = align_dataset_to_gravity(told, **rate, window_length_s=0.1, static_signal_th=15)
        if does_align:
            data = PcaAlignment().align(data).aligned_data_
            data = ForwardDirectionSignAlignment().align(data, **rate).aligned_data_
        data = convert_to_fbf(data, left_like="left_", right_like="right_")
        strides = segmentation().segment(data, **rate).stride_list_
        found = detection().detect(data, stride_list=strides, **rate).annotated_original_event_list_[sensor]
        return [
            (start_s + sample / walk.rate_hz, walk.side, kind, 0)
            for kind, column in (("IC", "ic"), ("TO", "tc"))
            for sample in found[column].dropna().tolist()
        ]

    return run


def pipeline(segmentation: type, detection: type, does_align: bool = False) -> Callable:
    """Return a pipeline of the two parts."""
    return functools.partial(find, segmentation, detection, does_align)


PIPELINES = {
    "foot": {
        "gaitmap: DTW, Rampp": pipeline(BarthDtw, RamppEventDetection),
        "gaitmap: axes found, DTW, Rampp": pipeline(BarthDtw, RamppEventDetection, True),
        "gaitmap: DTW, Herzer": pipeline(BarthDtw, HerzerEventDetection),
    }
}
