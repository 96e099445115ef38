# SPDX-License-Identifier: Apache-2.0
"""rosbag2 folders: written, closed after a crash, read, and replayed through the analysis."""
