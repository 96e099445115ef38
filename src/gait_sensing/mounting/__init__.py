# SPDX-License-Identifier: Apache-2.0
"""How each IMU sits on its segment, and which ones are worn wrongly; ``mounting`` is the way in."""
