# SPDX-License-Identifier: Apache-2.0
"""One file for each family of inertial sensors.

Its contract is ``gait_sensing.driver.ImuDriver`` and ``gait_sensing.driver.SensorEmulator``.
"""
