# SPDX-License-Identifier: Apache-2.0
"""The page on adding a cue strategy, followed literally."""

import importlib
from pathlib import Path

import yaml

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_feedback import cues
from gait_feedback.limiter import Limiter, LimiterSettings
from gait_parts.plugins import available, find, settings_of
from gait_sensing.samples import Side

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add_a_cue.md"


def block(language):
    return PAGE.read_text().split(f"```{language}\n")[1].split("```")[0]


def test_the_file_of_the_page_under_the_config_of_the_page_cues(tmp_path, monkeypatch):
    (tmp_path / "every_contact.py").write_text(block("python"))
    monkeypatch.setattr(cues, "__path__", [*cues.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    values = yaml.safe_load(block("yaml"))["/**/feedback_node"]["ros__parameters"]["cue"]
    name = values.pop("strategy")
    assert name in available(cues.__name__)
    part = find(cues.__name__, name)
    strategy = part.Strategy(settings_of(part, values), None)
    contacts = [GaitEvent(10.0, 10.01, side, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0) for side in Side]
    (cue,) = [cue for contact in contacts for cue in strategy.feed(contact)]
    assert cue.side is Side.RIGHT and Limiter(LimiterSettings()).feed(10.02, cue).is_allowed
    assert strategy.feed(GaitEvent(11.0, 11.01, Side.RIGHT, EventKind.FOOT_OFF, Source.FORCE, 1.0)) == []
