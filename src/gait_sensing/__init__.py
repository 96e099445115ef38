# SPDX-License-Identifier: Apache-2.0
"""Bytes to stamped SI samples, and belt commands to bytes."""
