# SPDX-License-Identifier: Apache-2.0
"""From a device's address to bytes, frames and lines, and what is kept of them."""
