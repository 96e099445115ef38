# SPDX-License-Identifier: Apache-2.0
"""Deviations of gait that a clinic names, one file each; its contract is ``gait_analysis.deviation.Deviation``."""
