# SPDX-License-Identifier: Apache-2.0
"""The messages without ROS: their fields as values, their definitions and hashes."""
