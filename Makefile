# Every target prepares its own environment: on a fresh machine `make run` is the only command that is needed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 3000
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)
# loadgroup keeps the tests of one platform home on one worker.
PYTEST_WORKERS ?= 2
ARGS ?=

.NOTPARALLEL:
.PHONY: help run test lint types unit ui bench dictionary clean distclean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 20

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 12) else f"semops-data needs Python 3.11 or 3.12, and {sys.executable} is {sys.version.split()[0]}: make $(MAKECMDGOALS) PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): 3.3 GB on disk, two to four minutes, once"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	@echo "torch is there; now the rest"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,profile,sdv,mlflow-resource]'
	@touch $@

run: $(STAMP)  ## materialize what is stale, then print the scores (ARGS="--days 5")
	@$(BIN)/dst run $(ARGS)

ui: $(STAMP)  ## the web page and the daemon on http://127.0.0.1:3000 (PORT=...)
	@$(BIN)/dst ui --port $(PORT)

test: lint types unit  ## lint, types, all tests, branch coverage

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered $(ARGS)

bench: $(STAMP)  ## the benchmarks; the figures go into docs/benchmarks.md
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/run.py $(ARGS)

dictionary: $(STAMP)  ## write docs/dictionary from the contracts
	@$(BIN)/dst dictionary

clean:  ## remove what runs and tests wrote, the default platform home included
	rm -rf .semops .coverage .coverage.* build dist .hypothesis .mypy_cache .ruff_cache

distclean: clean  ## clean, and remove the virtual environment
	rm -rf $(VENV) *.egg-info
