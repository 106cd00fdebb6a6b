# Two commands do everything on a fresh machine:  make demo  (the main job on embedded data)  and  make test  (every check there is).
# Another interpreter: make demo PYTHON=python3.12. Arguments for the run: make demo ARGS="--seed 1". Another folder: VENV=...
PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
TORCH := $(shell grep '^torch==' constraints.txt)
CODE := src tests scripts benchmarks

# Stamps live inside the environment: deleting it deletes what is known about it.
MADE := $(VENV)/.made
WITH_TORCH := $(VENV)/.with-torch
WITH_BASE := $(VENV)/.with-base
WITH_DEV := $(VENV)/.with-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test setup slow fix lint types pins clean clean-env

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(WITH_BASE) ## set up .venv, then run the main job on the embedded corpus; results under runs/
	$(BIN)/hf-regional run $(ARGS)

test: lint types ## every check: format, lint, types, layers, tests and doctests (all but the slow ones)
	$(BIN)/python -m pytest $(ARGS)

slow: $(WITH_DEV) ## the tests that take minutes: the wheel, whole runs, kill and resume
	$(BIN)/python -m pytest -m slow --durations=5 $(ARGS)

lint: $(WITH_DEV) ## format, lint and the table of rooms
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/lint-imports

types: $(WITH_DEV) ## the type checker, strict
	$(BIN)/basedpyright --pythonpath $(BIN)/python

fix: $(WITH_DEV) ## format, and mend what ruff can mend by itself
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

setup: $(WITH_DEV) ## .venv with the package (editable), all checks and the test tools

pins: $(WITH_DEV) ## print what is installed as lines for constraints.txt, torch first
	@$(BIN)/python -m pip freeze --exclude-editable | sed -E 's/\+[a-z0-9.]+$$//' | awk -F== '{gsub("_", "-", $$1); print tolower($$1) "==" $$2}' \
		| LC_ALL=C sort -t= -k1,1 | awk '/^torch==/ {print; next} {rest = rest "\n" $$0} END {print substr(rest, 2)}'

clean: ## remove runs, builds and caches; .venv stays
	rm -rf runs build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

clean-env: ## remove .venv
	rm -rf $(VENV)

$(MADE):
	@sh scripts/need_python.sh '$(PYTHON)' '$(MAKECMDGOALS)'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(WITH_TORCH): constraints.txt $(MADE)
	$(PIP) '$(TORCH)'
	@touch $@

$(WITH_BASE): $(WITH_TORCH) pyproject.toml
	$(PIP) --editable .
	@touch $@

$(WITH_DEV): $(WITH_TORCH) pyproject.toml
	$(PIP) --editable '.[dev]'
	@touch $(WITH_BASE) $@
