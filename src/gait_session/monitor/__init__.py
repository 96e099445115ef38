# SPDX-License-Identifier: Apache-2.0
"""One live page: what a session does now, and its prompts spoken."""
