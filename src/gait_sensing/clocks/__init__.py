# SPDX-License-Identifier: Apache-2.0
"""From a device's counter to host time."""
