# SPDX-License-Identifier: Apache-2.0
"""One file for each number that is compared between the limbs; its contract is ``gait_analysis.parts.Metric``."""
