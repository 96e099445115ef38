# SPDX-License-Identifier: Apache-2.0
"""A treadmill that speaks when spoken to says nothing unasked in the simulated lab either."""

from pathlib import Path

import pytest

from gait_sensing import treadmills
from gait_sensing.wires.transport import open_wire
from gait_sim.emulated_device import DeviceConfig, EmulatedTreadmill


@pytest.mark.parametrize(("driver", "says_unasked"), [("trackmaster", False), ("bertec_classic", True)])
def test_a_status_is_sent_unasked_only_by_those_that_are_not_polled(
    tmp_path: Path, driver: str, says_unasked: bool
) -> None:
    url = f"serial://{tmp_path}/treadmill?baud_bps=4800"
    treadmill = EmulatedTreadmill("treadmill", DeviceConfig(treadmills.__name__, {"driver": driver, "url": url}))
    treadmill.wire.open()
    host = open_wire(url)
    try:
        for step in range(100):
            treadmill.advance(0.01, 0.01 * step)
        assert (host.read(0.0) != b"") is says_unasked
        if not says_unasked:
            host.write(b"\xc1")
            treadmill.serve()
            assert host.read(1.0) == b"\xd10000"
    finally:
        host.close()
        treadmill.wire.close()
