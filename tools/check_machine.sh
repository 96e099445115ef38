#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: check_machine.sh PYTHON
# Says what this machine lacks, one sentence each, and fails when it lacks anything.

python=$1
lacking=0

lack() {
  echo "$1" >&2
  lacking=1
}

if [ "$(uname -sm)" != "Linux x86_64" ]; then
  lack "This is $(uname -sm), and ROS 2 comes from wheels for Linux x86_64: build with colcon on an installed ROS 2 instead."
  exit 1
fi

version=$("$python" -c 'import platform, sys; sys.stdout.write("%s.%s" % platform.python_version_tuple()[:2])' 2>/dev/null)
case $version in
  3.10 | 3.11 | 3.12 | 3.13) ;;
  "")
    lack "There is no Python at '$python': install python3, python3-venv and python3-dev, or name another with PYTHON=."
    exit 1
    ;;
  *)
    lack "'$python' is Python $version, and ROS 2 comes for 3.10 to 3.13: name another, for example PYTHON=python3.12."
    exit 1
    ;;
esac

"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  lack "'$python' cannot make environments: install the package python$version-venv."

headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
[ -f "$headers/Python.h" ] ||
  lack "'$python' lacks the headers that messages are compiled with: install the package python$version-dev."

for language in "C:${CC:-cc gcc clang}:gcc" "C++:${CXX:-c++ g++ clang++}:g++"; do
  name=${language%%:*}
  package=${language##*:}
  commands=${language#*:}
  found=""
  for command in ${commands%:*}; do
    command -v "$command" >/dev/null && found=$command
  done
  [ -n "$found" ] || lack "There is no $name compiler: install the package $package."
done

exit $lacking
