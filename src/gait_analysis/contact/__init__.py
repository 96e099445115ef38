# SPDX-License-Identifier: Apache-2.0
"""When a foot is on the ground: which sensors are believed, and which of their events."""
