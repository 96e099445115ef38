# SPDX-License-Identifier: Apache-2.0
"""The lab without hardware: a walker with known truth behind emulated devices that speak real bytes."""
