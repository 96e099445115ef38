# SPDX-License-Identifier: Apache-2.0
"""``gait-lab doctor``: what a computer and its sensors lack for a session."""
