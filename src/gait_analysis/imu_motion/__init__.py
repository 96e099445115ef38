# SPDX-License-Identifier: Apache-2.0
"""How segments of the body move and stand, from the IMUs that they wear: one file a quantity, once a stride."""
