# SPDX-License-Identifier: Apache-2.0
"""Quality of service by meaning; the only file that knows it."""

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# A queue holds at least 0.2 s of the fastest stream (1 kHz), with room for a stalled reader.
SAMPLES = QoSProfile(depth=500, reliability=ReliabilityPolicy.RELIABLE)
# Somebody else's driver may offer less than reliable; asking for less is served by both.
FOREIGN = QoSProfile(depth=500, reliability=ReliabilityPolicy.BEST_EFFORT)
# Looked at now and then: what came before the newest message is of no use.
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
EVENTS = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)
# Latched: who comes late still learns the present state.
STATE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# Latched for half a minute: raw bytes are of use only from a wire's first one on, and the recorder starts later.
RAW = QoSProfile(depth=300, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# A late command or cue is dropped, not acted on.
COMMAND = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, lifespan=Duration(seconds=0.1))
CUE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, lifespan=Duration(seconds=0.1))
