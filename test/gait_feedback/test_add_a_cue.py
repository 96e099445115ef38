# SPDX-License-Identifier: Apache-2.0
"""The page on adding a cue strategy, followed literally, and what the page on cues lets a config say."""

import importlib
from pathlib import Path

import yaml

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_feedback import cues
from gait_feedback.cueing import Cueing, CueingSettings
from gait_feedback.schedule import ScheduleSettings
from gait_feedback.stability_guard import GuardSettings
from gait_parts.plugins import available, find, settings_of
from gait_sensing.samples import Side

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page, language):
    return [text.split("```")[0] for text in (DOCS / page).read_text().split(f"```{language}\n")[1:]]


def test_the_file_of_the_page_under_the_config_of_the_page_cues(tmp_path, monkeypatch):
    strategy, test = blocks("add_a_cue.md", "python")
    (tmp_path / "every_contact.py").write_text(strategy)
    monkeypatch.setattr(cues, "__path__", [*cues.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    (config,) = blocks("add_a_cue.md", "yaml")
    values = yaml.safe_load(config)["/**/feedback_node"]["ros__parameters"]["cue"]
    name = values.pop("strategy")
    assert name in available(cues.__name__)
    part = find(cues.__name__, name)
    settings = CueingSettings(guard=GuardSettings(is_on=False))
    cueing = Cueing(part.Strategy(settings_of(part, values), None), settings, 0.0)
    contacts = [GaitEvent(10.0, 10.01, side, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0) for side in Side]
    (decision,) = [decision for contact in contacts for decision in cueing.feed(10.02, contact)]
    assert decision.cue.side is Side.RIGHT and decision.verdict.is_allowed
    assert cueing.feed(11.02, GaitEvent(11.0, 11.01, Side.RIGHT, EventKind.FOOT_OFF, Source.FORCE, 1.0)) == []
    tests = {}
    exec(test, tests)
    for name in ("test_a_contact_of_the_side_is_cued", "test_no_other_contact_is"):
        tests[name]()


def test_the_settings_on_the_page_of_cues_are_settings():
    examples = [yaml.safe_load(text) for text in blocks("cues.md", "yaml")]
    strategies = [example["cue"] for example in examples if "cue" in example]
    assert len(strategies) == 3
    for values in strategies:
        part = find(cues.__name__, values.pop("strategy"))
        assert settings_of(part, values)
    (schedule,) = [example["schedule"] for example in examples if "schedule" in example]
    assert ScheduleSettings(**schedule) != ScheduleSettings()


def test_the_page_of_cues_names_strategies_that_exist():
    table = (DOCS / "cues.md").read_text().split("\n## Strategies\n")[1].split("\n#")[0]
    named = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")} - {"strategy"}
    assert len(named) > 5 and named <= set(available(cues.__name__))
