# SPDX-License-Identifier: Apache-2.0
"""One file for each gait-phase estimator; its contract is ``gait_analysis.parts.Phase``."""
