# SPDX-License-Identifier: Apache-2.0
"""Strides of the events, and what sensors measured of each."""
