# SPDX-License-Identifier: Apache-2.0
"""One file for each way to find gait events; its contract is ``gait_analysis.parts.Detector``."""
