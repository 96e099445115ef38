# SPDX-License-Identifier: Apache-2.0
"""Everything the nodes share that knows ROS."""
