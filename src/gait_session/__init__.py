# SPDX-License-Identifier: Apache-2.0
"""Recording, replay, report, launching and the command line."""
