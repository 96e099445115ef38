# SPDX-License-Identifier: Apache-2.0
# Everything from a fresh clone with make, Python and a C++ compiler.
# Each file named below is made once and again only when what it is made from has changed.

DURATION ?= 60
RECORDING ?=
PYTHON ?= python3
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The environment is complete in itself. A sourced ROS 2, or another environment's wheels, would be mixed into it.
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH ROS_DISTRO
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# Folders are listed too: they change when a file is added or removed.
sources := $(shell find config executables launch msg src srv -name __pycache__ -prune -o -print) \
	CMakeLists.txt LICENSE package.xml pyproject.toml

.PHONY: help
help: ## list what can be made
	@echo "make <what> [NAME=value ...]"
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{ printf "  %-12s%s\n", $$1, $$2 }'
	@echo "PYTHON=python3.12 makes the environment with that Python; 3.10 to 3.13 will do."

.PHONY: session
session: .venv/package ## run a simulated session; DURATION=60 seconds, or play RECORDING=file.csv
	@.venv/bin/gait-lab session --duration "$(DURATION)" $(if $(RECORDING),--recording "$(RECORDING)")

.PHONY: test
test: lint .venv/package ## check style and types, then run every test
	@PATH="$(CURDIR)/.venv/bin:$$PATH" AMENT_PREFIX_PATH="$(CURDIR)/.venv" .venv/bin/pytest \
		-n $(workers) --dist worksteal --ignore=test/system
	@echo "Whole sessions, one after the other: each needs a core and comes late without"
	@PATH="$(CURDIR)/.venv/bin:$$PATH" AMENT_PREFIX_PATH="$(CURDIR)/.venv" .venv/bin/pytest test/system

# More than there are cores: many tests wait for processes. Neighbours stay together, for they share what takes long.
workers := $(shell expr 3 '*' "$$(nproc)" / 2)

.PHONY: lint
lint: .venv/requirements .venv/test-requirements ## check style and types
	@echo "Checking style and types"
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

.PHONY: colcon
colcon: build/colcon_environment/requirements ## build with colcon as well, and check what it installs
	@echo "Building with colcon"
	@tools/colcon_build.sh build/colcon_environment

.PHONY: benchmarks
benchmarks: .venv/package ## measure this machine and write docs/benchmarks.md
	@PATH="$(CURDIR)/.venv/bin:$$PATH" AMENT_PREFIX_PATH="$(CURDIR)/.venv" .venv/bin/python tools/write_benchmarks.py

.PHONY: clean
clean: ## remove everything that was made; recordings in sessions/ stay
	rm -rf .venv build install log

# Naming another PYTHON than the one that made the environment makes it anew.
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(PYTHON) -V 2>&1 || true),$(shell cat .venv/python 2>/dev/null))
.PHONY: .venv/python
endif
endif
.venv/python:
	@tools/check_machine.sh "$(PYTHON)"
	@echo "Making an environment in .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(PYTHON) -V > $@

.venv/requirements: .venv/python pyproject.toml tools/requirements.py
	@echo "Fetching ROS 2 and Python packages into .venv (a minute or two, once)"
	@.venv/bin/python -m pip install --quiet --upgrade pip 'tomli; python_version < "3.11"'
	@.venv/bin/python tools/requirements.py build-system.requires dependency-groups.build project.dependencies > $@
	@.venv/bin/python -m pip install --quiet -r $@

.venv/test-requirements: .venv/requirements
	@echo "Fetching what the tests need"
	@.venv/bin/python tools/requirements.py project.optional-dependencies.test > $@
	@.venv/bin/python -m pip install --quiet -r $@

# The build folder is kept, so that messages are compiled again only when they change.
.venv/package: .venv/requirements $(sources)
	@echo "Building and installing gait_lab"
	@SKBUILD_BUILD_DIR='build/{wheel_tag}' .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation .
	@touch $@

build/colcon_environment/requirements: .venv/requirements
	@echo "Making an environment for colcon"
	@.venv/bin/python -m venv --clear build/colcon_environment
	@.venv/bin/python tools/requirements.py \
		build-system.requires dependency-groups.build project.dependencies dependency-groups.colcon > $@
	@build/colcon_environment/bin/python -m pip install --quiet --upgrade pip
	@build/colcon_environment/bin/python -m pip install --quiet -r $@
