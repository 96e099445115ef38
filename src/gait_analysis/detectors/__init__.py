# SPDX-License-Identifier: Apache-2.0
"""One file for each way to find gait events."""
