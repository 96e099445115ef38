# SPDX-License-Identifier: Apache-2.0
"""Serves one live page of the session, which also speaks the prompts of the cues. It shows, and commands nothing."""

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gait_lab import msg

from gait_analysis.gait import Stride
from gait_feedback.cue import Cue
from gait_messages import values
from gait_parts.settings import Settings, setting
from gait_ros import qos
from gait_ros.meaning import subscribe
from gait_ros.parameters import declare
from gait_ros.running import LabNode, run
from gait_session.monitor import picture
from gait_session.monitor.page import HEADERS, PAGE
from gait_session.monitor.picture import Picture, Shown
from gait_session.monitor.prompts import Prompts, PromptSettings
from gait_session.monitor.server import LiveServer, is_loopback

PERIOD_S = 0.2


@dataclass(frozen=True)
class ServerSettings(Settings):
    """Where the page is served."""

    host: str = setting("127.0.0.1", "address to listen on; the default is reached from this computer alone")
    port: int = setting(8420, "port to listen on; 0: any free one", low=0, high=65535)

    def __post_init__(self) -> None:
        """Check each setting; an empty address would mean all of them."""
        super().__post_init__()
        if not self.host:
            raise ValueError("host: got '', expected an address of this computer")


class MonitorNode(LabNode):
    """Tells every page what it hears, five times a second, and a prompt at once."""

    def __init__(self) -> None:
        super().__init__("monitor_node")
        settings = declare(self, ServerSettings)
        self._prompts = Prompts(declare(self, PromptSettings))
        self._picture = Picture()
        for name, message_type, topic, to_shown, profile in (
            ("session", msg.SessionState, "session/state", picture.session, qos.STATE),
            ("belts", msg.TreadmillState, "treadmill/state", picture.belts, qos.EVENTS),
            ("safety", msg.SafetyState, "treadmill/safety", picture.safety, qos.STATE),
            ("guard", msg.FeedbackState, "feedback/state", picture.guard, qos.STATE),
            ("asymmetry", msg.Asymmetry, "gait/asymmetry", picture.asymmetry, qos.EVENTS),
        ):
            subscribe(self, message_type, topic, to_shown, self._keeper(name), profile)
        subscribe(self, msg.Stride, "gait/strides", values.stride, self._on_stride, qos.EVENTS)
        subscribe(self, msg.Cue, "feedback/cue", values.cue, self._on_cue, qos.CUE)
        self.create_timer(PERIOD_S, partial(self._tell, ""))
        try:
            self._server = LiveServer(settings.host, settings.port, PAGE, HEADERS)
        except OSError as error:
            where, hint = f"host {settings.host}, port {settings.port}", ""
            if error.errno == errno.EADDRINUSE:
                hint = "; port 0 takes any free one"
            raise ValueError(f"{self.get_name()}: cannot serve the page at {where}: {error.strerror}{hint}") from None
        self.get_logger().info(f"the live page is at {self._server.url}")
        if not is_loopback(settings.host):
            self.get_logger().warning("whoever reaches this computer can see the page: there is no password")

    def _keeper(self, name: str) -> Callable[[Shown, Any], None]:
        return lambda shown, _: self._picture.feed(time.monotonic(), name, shown)

    def _on_stride(self, stride: Stride, _: object) -> None:
        self._picture.feed_stride(time.monotonic(), stride)

    def _on_cue(self, cue: Cue, _: object) -> None:
        if cue.text:
            self._picture.feed(time.monotonic(), "prompt", {"text": cue.text})
            self._tell(cue.text)

    def _tell(self, prompt: str) -> None:
        now = time.monotonic()
        self._server.board.publish("state", self._picture.state(now))
        words = self._prompts.feed(now, prompt)
        if words and not self._picture.is_stopped:
            self._server.board.publish("prompt", {"text": words})

    def destroy_node(self) -> None:
        """Let every page go."""
        self._server.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(MonitorNode)
