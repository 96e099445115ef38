# SPDX-License-Identifier: Apache-2.0
"""What is held against what: side against side, against the own baseline, and against norms."""
