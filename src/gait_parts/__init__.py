# SPDX-License-Identifier: Apache-2.0
"""What a swappable part is: its settings, and how its name in a config file becomes a class."""
