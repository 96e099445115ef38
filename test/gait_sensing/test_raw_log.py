# SPDX-License-Identifier: Apache-2.0
"""What crossed a wire, run again, gives the samples that it gave: over reconnections, a zero, and bytes in any cut."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.load_cells import sri_m8128
from gait_sensing.samples import ForceReadings
from gait_sensing.streams import LoadCellStream, replay
from gait_sensing.wires.raw_log import BATCH_S, RawEntry, RawKind, RawLog

NOW_S = 1_790_000_000.0


def stream() -> LoadCellStream:
    driver = sri_m8128.Driver(sri_m8128.Settings())
    return LoadCellStream("plate", driver, clock_for(driver), LoadCellCalibration(CalibrationSettings()))


def table(samples):
    return [(each.first_sample_count, *each.time_s, *each.force_n.ravel(), *each.moment_nm.ravel()) for each in samples]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=6), st.sets(st.integers(5, 60), max_size=4))
def test_the_replay_is_the_live_stream(lengths, opened_at):
    random = np.random.default_rng(1)
    readings = ForceReadings(np.arange(100), random.normal(size=(100, 3)), random.normal(size=(100, 3)))
    data = sri_m8128.Emulator(sri_m8128.Settings()).encode(readings)
    live, log, entries, found = stream(), RawLog(), [], []
    at = k = 0
    while at < len(data):
        time_s = NOW_S + 0.001 * at / 31
        if k in opened_at:
            live.driver.connect()
            entries += log.feed(RawEntry(RawKind.OPENED, time_s))
        if k == 70:
            live.zero(time_s)
            entries += log.feed(RawEntry(RawKind.ZEROED, time_s))
        piece = data[at : at + lengths[k % len(lengths)]]
        samples = live.feed(piece, time_s)
        found += [samples] if samples else []
        live.driver.pending()
        entries += log.feed(RawEntry(RawKind.RECEIVED, time_s, piece))
        at, k = at + len(piece), k + 1
    entries += log.flush()
    assert len(found) > 1
    assert table(replay(stream(), entries)) == table(found)


def test_entries_come_out_once_and_in_order_about_every_batch():
    log = RawLog()
    entries = [RawEntry(RawKind.RECEIVED, NOW_S + 0.03 * k, bytes([k])) for k in range(10)]
    batches = [batch for entry in entries if (batch := log.feed(entry))]
    assert [len(batch) for batch in batches] == [5, 5]
    assert [entry for batch in batches for entry in batch] == entries
    assert log.flush() == []
    back = replace(entries[0], time_s=NOW_S - 10.0)  # the host clock was set back
    log.feed(entries[0])
    assert log.feed(back) == [entries[0], back]
    assert BATCH_S < 0.5  # what a hard kill may cost
