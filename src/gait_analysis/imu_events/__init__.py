# SPDX-License-Identifier: Apache-2.0
"""Gait events of one foot from the IMU it wears: one file a detector, and what they share."""
