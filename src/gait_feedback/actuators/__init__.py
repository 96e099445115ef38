# SPDX-License-Identifier: Apache-2.0
"""One file for each cue device.

Its contract is ``gait_feedback.cue.ActuatorDriver`` and ``gait_feedback.cue.ActuatorEmulator``.
"""
