# SPDX-License-Identifier: Apache-2.0
"""Who can hear the lab: this host alone, unless the user has chosen otherwise."""

import sys
from pathlib import Path

import pytest

from gait_session.launching.environment import is_loopback_only, launch_environment

RANGE, PROFILE = "ROS_AUTOMATIC_DISCOVERY_RANGE", "FASTDDS_DEFAULT_PROFILES_FILE"


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """An environment in which the lab is installed."""
    profile = tmp_path / "share" / "gait_lab" / "config" / "loopback.xml"
    profile.parent.mkdir(parents=True)
    profile.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("given", [{}, {RANGE: "LOCALHOST"}, {RANGE: "localhost"}])
def test_the_loopback_profile_stands_for_localhost(prefix, given):
    environment = launch_environment(given)
    assert environment[RANGE] == "SYSTEM_DEFAULT"
    assert Path(environment[PROFILE]).is_relative_to(prefix)
    assert is_loopback_only(environment)


def test_without_the_profile_localhost_serves(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    environment = launch_environment({})
    assert environment[RANGE] == "LOCALHOST"
    assert PROFILE not in environment
    assert is_loopback_only(environment)


@pytest.mark.parametrize(
    "given", [{RANGE: "SUBNET"}, {PROFILE: "/my.xml"}, {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}]
)
def test_what_the_user_chose_is_kept(prefix, given):
    environment = launch_environment(given)
    assert environment[RANGE] == given.get(RANGE, "LOCALHOST")
    assert environment.get(PROFILE) == given.get(PROFILE)
    assert is_loopback_only(environment) is (RANGE not in given)
