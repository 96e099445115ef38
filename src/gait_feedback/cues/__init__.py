# SPDX-License-Identifier: Apache-2.0
"""One file for each cue strategy; its contract is ``gait_feedback.cue.CueStrategy``."""
