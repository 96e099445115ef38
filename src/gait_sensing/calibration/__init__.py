# SPDX-License-Identifier: Apache-2.0
"""From a load cell's numbers to force on the foot, and checks of what sensors read at rest."""
