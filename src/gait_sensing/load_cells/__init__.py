# SPDX-License-Identifier: Apache-2.0
"""One file for each family of load cells and force plates.

Its contract is ``gait_sensing.driver.LoadCellDriver`` and ``gait_sensing.driver.SensorEmulator``.
"""
