# SPDX-License-Identifier: Apache-2.0
"""The last gate before the belt: ``gate`` is the way in, ``limits`` its settings, ``states`` its words."""
