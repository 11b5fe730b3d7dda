# `make demo` and `make test` work on a bare machine with Python 3.11 or newer: each makes .venv first.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
BIN := .venv/bin
DEMO := demo

.PHONY: demo test check format bench clean

demo: .venv/demo.stamp
	@DEMO="$(DEMO)" PATH="$(abspath $(BIN)):$$PATH" sh docs/demo.sh

# Twice as many processes as cores: half of the tests wait for servers most of the time.
test: check
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(2 * (os.cpu_count() or 1))')

check: .venv/test.stamp
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/test.stamp
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

bench: .venv/test.stamp
	$(BIN)/python benchmarks/startup.py

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "skyatlas needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

.venv/demo.stamp: .venv/bin/python pyproject.toml
	@echo "installing skyatlas and what it needs into .venv (half a minute, more the first time)"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/test.stamp: .venv/demo.stamp
	$(BIN)/python -m pip install --quiet --group test
	@touch $@

clean:
	rm -rf .venv $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
