# SPDX-License-Identifier: Apache-2.0
"""Events of both feet from one plate under both of them."""
