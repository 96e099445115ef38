# SPDX-License-Identifier: Apache-2.0
"""``gait-lab analyse``: plain files through the live analysis."""
