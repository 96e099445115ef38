# SPDX-License-Identifier: Apache-2.0
"""However a session ends, it ends cleanly: exit code 0, a readable recording, no process left."""

import signal

import pytest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_walking_session(running_lab, tmp_path, number):
    with running_lab(tmp_path, "--duration", "300") as lab:
        lab.wait_for_line(r"strides left [1-9]", deadline_s=60)
        lab.send(number)
        assert lab.wait(30) == 0, lab.text()
        assert lab.processes() == {}
        assert "Traceback" not in lab.text()
    assert (lab.recording / "metadata.yaml").is_file()
    assert (lab.recording / "report.html").is_file()


def test_a_wrong_config_ends_with_one_sentence(running_lab, tmp_path):
    with running_lab(tmp_path, "--config", str(tmp_path / "absent.yaml")) as lab:
        assert lab.wait(30) != 0
    path = tmp_path / "absent.yaml"
    assert lab.lines == [f"gait-lab: the file {path} cannot be read: No such file or directory"]
