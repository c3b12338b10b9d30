# One command for each thing to do here; `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
SUITE := -n auto
.PHONY: help setup browser demo test chaos check static lint types audit coverage docs bench lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/installed ## Make .venv with the package and its test tools, as pinned in constraints.txt

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
		|| { echo "chargelake needs Python 3.11 to 3.14; name one: make setup PYTHON=python3.13" >&2; exit 2; }
	@echo "Installing into $(VENV) (a minute or two, about 1 GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[test]'; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'; \
	fi
	@touch $@

CHROMIUM := $(or $(CHARGELAKE_TEST_CHROMIUM),chromium)
browser: ## Install Debian's Chromium, which the tests of pages drive, if it is missing (as root)
	@command -v $(CHROMIUM) >/dev/null 2>&1 || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
		&& echo "Installing Chromium (half a minute, 400 MB) ..." && apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-liberation >/dev/null \
		|| { echo "The tests of pages need Chromium: as root, apt-get install chromium fonts-liberation; or name one" \
			"in CHARGELAKE_TEST_CHROMIUM" >&2; exit 2; }; }

demo: setup ## Show everything on this machine: emulator, fleet, collecting, tables, page
	@$(BIN)/chargelake demo

test: setup browser ## Run the whole test suite on all cores
	@$(BIN)/pytest $(SUITE)

chaos: setup browser ## Kill 300 runs at chosen steps and random moments, then try properties thoroughly (up to 30 minutes)
	@$(BIN)/python -m tests.chaos
	@CHARGELAKE_TEST_THOROUGH=1 $(BIN)/pytest $(SUITE) -m hypothesis

# A limit on the size of files would be one on the counts as well, and the process would say so.
coverage: setup browser ## Run the suite and show which branches it never takes, in its processes too
	@$(BIN)/pytest $(SUITE) --cov --cov-report=term --cov-report=json:build/coverage.json \
		--deselect tests/flows/test_damage.py::test_a_limit_on_files_ends_a_run_with_one_line
	@$(BIN)/python -m tests.rooms build/coverage.json

check: static test ## What CI runs: lint, types, audit of the pins, tests

static: lint types audit ## All of that but the tests

lint: setup ## Check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: setup ## Check types
	@$(BIN)/mypy

audit: setup ## Check the pins and the environment, as far as that goes without a network (see SECURITY.md)
	@$(BIN)/python -m pip check --disable-pip-version-check
	@$(BIN)/pytest -q tests/security/test_pins.py

docs: setup ## Print docs/tables.md anew from the schemas
	@$(BIN)/python -m lake.dictionary > docs/tables.md

bench: setup ## Run the benchmarks
	@$(BIN)/python -m benchmarks

lock: setup ## Resolve constraints.txt anew (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header --no-annotate \
		--extra test pyproject.toml --output-file constraints.txt

clean: ## Remove the environment, caches and what runs kept in data/
	@rm -rf $(VENV) data/raw data/lake data/state data/reports .pytest_cache .mypy_cache .ruff_cache .hypothesis build
