# SPDX-License-Identifier: Apache-2.0
"""Where in its cycle a limb is, and when the next event is due."""
