# SPDX-License-Identifier: Apache-2.0
"""A session is held back by what is missing or red, by name, and by nothing else."""

import pytest

from gait_session.readiness import Readiness

NOW_S = 1_790_000_000.0


def ready(**values) -> Readiness:
    lab = Readiness(values.pop("judges_streams", True), values.pop("awaits_feedback", True))
    lab.gait_seen_s = lab.treadmill_seen_s = lab.feedback_seen_s = NOW_S
    lab.samples = lab.recorded = {"/load_cell/left_belt/samples"}
    for name in ("load_cell/left_belt", "imu/left_foot"):
        lab.hear(name, values.get(name.split("/")[1], ""), NOW_S)
    return lab


def test_a_whole_lab_lacks_nothing():
    assert ready().missing(NOW_S) == ""


def test_each_thing_that_lacks_is_named():
    lab = ready()
    lab.treadmill_seen_s -= 10.0
    assert lab.missing(NOW_S) == "no treadmill node"
    lab = ready()
    lab.gait_seen_s -= 1.0
    assert "gait state" in lab.missing(NOW_S)
    lab = ready()
    lab.feedback_seen_s -= 10.0
    assert "feedback_node" in lab.missing(NOW_S)
    lab = ready()
    lab.recorded = set()
    assert lab.missing(NOW_S) == "no recording of /load_cell/left_belt/samples"


def test_a_lab_without_feedback_does_not_wait_for_it():
    lab = ready(awaits_feedback=False)
    lab.feedback_seen_s = 0.0
    assert lab.missing(NOW_S) == ""


def test_a_red_stream_holds_it_back_and_says_how_to_start_all_the_same():
    lab = ready(left_foot="stuck: every value the same for 2.0 s")
    text = lab.missing(NOW_S)
    assert text.startswith("imu/left_foot is red: stuck: every value the same for 2.0 s (")
    assert "gait-lab start --despite-red" in text
    lab.accepts_red = True
    assert lab.missing(NOW_S) == ""


def test_a_stream_that_heals_or_is_gone_no_longer_holds_it_back():
    lab = ready(left_foot="no samples")
    lab.hear("imu/left_foot", "", NOW_S)
    assert lab.missing(NOW_S) == ""
    lab.hear("imu/left_foot", "no samples", NOW_S - 100.0)
    assert lab.missing(NOW_S) == ""


def test_others_on_diagnostics_do_not_matter():
    lab = ready()
    lab.hear("recorder", "disk full", NOW_S)
    lab.hear("laptop battery", "low", NOW_S)
    assert lab.missing(NOW_S) == ""


@pytest.mark.parametrize("age_s", [3.0, 1e9])
def test_without_fresh_health_of_the_load_cells_there_is_no_start(age_s):
    lab = ready()
    lab.hear("load_cell/left_belt", "", NOW_S - age_s)
    assert lab.missing(NOW_S) == "no health of the load cells"


def test_a_lab_of_imus_alone_needs_their_health():
    lab = ready()
    lab.samples = set()
    lab.hear("load_cell/left_belt", "", NOW_S - 1e9)
    assert lab.missing(NOW_S) == ""  # the IMU's is fresh
    lab.hear("imu/left_foot", "", NOW_S - 1e9)
    assert lab.missing(NOW_S) == "no health of the IMUs"


def test_a_played_recording_is_not_judged():
    assert ready(judges_streams=False, left_foot="stuck").missing(NOW_S) == ""
