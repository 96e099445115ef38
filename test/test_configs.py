# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import yaml

CONFIG = Path(__file__).parent.parent / "config"


def test_the_real_lab_and_the_simulated_one_differ_in_addresses_only():
    real, simulated = (
        [line for line in (CONFIG / name).read_text().splitlines() if not line.startswith("#")]
        for name in ("lab.yaml", "simulated_lab.yaml")
    )
    assert len(real) == len(simulated)
    differing = [pair for pair in zip(real, simulated, strict=True) if pair[0] != pair[1]]
    assert differing
    assert all(line.strip().startswith("url: ") for pair in differing for line in pair)


def test_the_simulated_walker_is_the_participant_of_the_simulated_session():
    (participant,) = yaml.safe_load((CONFIG / "participants" / "simulated.yaml").read_text()).values()
    (walker,) = yaml.safe_load((CONFIG / "walker.yaml").read_text()).values()
    for name in ("body_mass_kg", "prosthetic_side", "leg_length_m"):
        assert participant["ros__parameters"][name] == walker["ros__parameters"][name]
