# SPDX-License-Identifier: Apache-2.0
"""Samples to events, phase, strides, metrics and asymmetry; no I/O and no clock."""
