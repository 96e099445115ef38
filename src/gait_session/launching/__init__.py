# SPDX-License-Identifier: Apache-2.0
"""Launch files read, evaluated and run, with the meaning of ``ros2 launch``."""
