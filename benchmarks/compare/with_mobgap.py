# SPDX-License-Identifier: Apache-2.0
"""Lower back with mobgap: its whole pipeline for healthy walkers, and its first two steps alone.

The recordings are mobgap's own examples, in the axes that it asks for. Of the person's data it uses height and the
sensor's height for stride length alone; the events do not depend on them.
"""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from mobgap.data import GaitDatasetFromData
from mobgap.gait_sequences import GsdIluz, GsdIonescu
from mobgap.initial_contacts import IcdIonescu
from mobgap.pipeline import GsIterator, MobilisedPipelineHealthy
from mobgap.utils.conversions import to_body_frame
from walks import AXES, Columns, Walk

warnings.simplefilter("ignore")
PERSON = {"cohort": "HA", "height_m": 1.75, "sensor_height_m": 1.0}


def _frame(columns: Columns) -> pd.DataFrame:
    units = {"acc": 1.0, "gyr": float(np.rad2deg(1.0))}
    return pd.DataFrame({axis: units[axis[:3]] * columns.filled(axis) for axis in AXES})


def _contacts(samples: pd.Series, walk: Walk, columns: Columns) -> list[tuple]:
    start_s = float(columns.time_s[0])
    return [(start_s + sample / walk.rate_hz, "", "IC", 0) for sample in samples.tolist()]


def whole(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what runs the pipeline from gait sequences to walking bouts and their parameters."""
    data = {walk.name: {"LowerBack": _frame(columns)}}
    condition = {walk.name: {"measurement_condition": "laboratory"}}
    recording = GaitDatasetFromData(data, walk.rate_hz, {walk.name: PERSON}, condition)[0]
    return lambda: _contacts(MobilisedPipelineHealthy().run(recording).raw_ic_list_["ic"], walk, columns)


def events_with(sequences: type) -> Callable[[Walk, Columns], Callable[[], list[tuple]]]:
    """Return the pipeline of gait sequences by one detector, and contacts in them."""

    def prepare(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
        frame, rate = _frame(columns), {"sampling_rate_hz": walk.rate_hz}

        def run() -> list[tuple]:
            body = to_body_frame(frame)
            iterator = GsIterator()
            for (_, part), result in iterator.iterate(body, sequences().detect(body, **rate).gs_list_):
                result.ic_list = IcdIonescu().detect(part, **rate).ic_list_
            return _contacts(iterator.results_.ic_list["ic"], walk, columns)

        return run

    return prepare


PIPELINES = {
    "back": {
        "mobgap: healthy, whole pipeline": whole,
        "mobgap: Iluz, Ionescu": events_with(GsdIluz),
        "mobgap: Ionescu, Ionescu": events_with(GsdIonescu),
    }
}
