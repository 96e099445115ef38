# SPDX-License-Identifier: Apache-2.0
"""The report of a session: one HTML page made of its recording."""
