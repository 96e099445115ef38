# SPDX-License-Identifier: Apache-2.0
"""One file for each belt law; its contract is ``gait_feedback.belt_law.BeltLaw``."""
