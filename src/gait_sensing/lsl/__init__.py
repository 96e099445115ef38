# SPDX-License-Identifier: Apache-2.0
"""Samples from the Lab Streaming Layer, an optional extra."""
