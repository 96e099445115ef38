#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: colcon_build.sh ENVIRONMENT
# Builds as on a machine with ROS 2, where ENVIRONMENT stands for /opt/ros/<distribution>, and checks what is installed.
set -e
cd "$(dirname "$0")/.."
environment=$(cd "$1" && pwd)
export PATH="$environment/bin:$PATH" AMENT_PREFIX_PATH="$environment" CMAKE_PREFIX_PATH="$environment"

rm -rf install # what the last build installed and this one does not must not help it
colcon --log-base log build --paths . --build-base build/colcon --install-base install \
  --cmake-args -G Ninja -DCMAKE_INSTALL_MESSAGE=NEVER "-DPython3_EXECUTABLE=$environment/bin/python" --no-warn-unused-cli
source install/setup.bash
python tools/check_install.py
