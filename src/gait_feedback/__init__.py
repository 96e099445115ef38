# SPDX-License-Identifier: Apache-2.0
"""Metrics to what the walker feels, hears and walks on; no I/O and no clock."""
