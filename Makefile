# provault: set-up, checks and tests. `make help` lists the targets.
# Needs Linux, git, make, Python 3.11 to 3.14 with venv, and access to the package registries.

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

# PYTHON names the interpreter; unset, the first supported one found is taken.
PYTHON ?=
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))

# Tests share out the processors, a file at a time; each process starts chains of its own.
PYTEST_PARALLEL := -n auto --maxprocesses=4 --dist=loadfile

export PYTHONUNBUFFERED := 1

.DELETE_ON_ERROR:
.PHONY: help setup demo bench train-setup dev-setup check test test-long clean

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: .setup/base ## install provault, the local chain and the exchange artefacts into place
	$(BIN)/provault setup

demo: setup ## all set-up, then a vault trading proven decisions on a chain of its own
	$(BIN)/provault demo

bench: setup ## measure the prover beside EZKL into docs/benchmarks.md; takes an hour or more
	$(BIN)/provault bench prover --peer ezkl --markdown docs/benchmarks.md

check: dev-setup train-setup ## lint, types and the rules of the repository
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/repo

test: setup dev-setup train-setup ## all set-up, then every test but the exhaustive ones
	$(BIN)/pytest -m "not long" $(PYTEST_PARALLEL) --durations=10

test-long: setup dev-setup train-setup ## all set-up, then the exhaustive tests
	$(BIN)/pytest -m long --durations=10

clean: ## remove the virtual environment and what tools left behind
	rm -rf .venv .setup build dist provault.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

train-setup: .setup/train
dev-setup: .setup/dev

$(BIN)/python:
	@set -eu; python="$(PYTHON)"; \
	for candidate in python3.11 python3 python3.12 python3.13 python3.14; do \
	  if [ -z "$$python" ] && $$candidate -c '$(SUPPORTED)' 2>/dev/null; then python=$$candidate; fi; \
	done; \
	if [ -z "$$python" ]; then echo "set-up needs Python 3.11 to 3.14; install it or name it: make PYTHON=..." >&2; exit 1; fi; \
	if ! $$python -c '$(SUPPORTED)'; then echo "$$python is not Python 3.11 to 3.14" >&2; exit 1; fi; \
	echo "set-up: virtual environment with $$python"; \
	if ! $$python -m venv $(VENV); then \
	  rm -rf $(VENV); echo "set-up needs Python's venv module (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; fi

.setup/base: $(BIN)/python constraints.txt pyproject.toml
	@mkdir -p .setup
	$(PIP_INSTALL) -e .
	@touch $@

.setup/dev: .setup/base
	$(PIP_INSTALL) -e ".[dev]"
	@touch $@

# torch goes in first and alone: where pip finds a build of that version without GPU code, the extra then keeps it.
.setup/train: .setup/dev
	$(PIP_INSTALL) torch==2.13.0
	$(PIP_INSTALL) -e ".[train]"
	@touch $@

.DEFAULT:
	@echo "there is no target or file '$@'; make help lists the targets" >&2; exit 2
