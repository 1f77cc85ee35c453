# One command per wish; the same locally and in CI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup run test check fast format docs bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

run: setup
	@mkdir -p run
	@$(BIN)/olelo serve -f examples/first-call.cfg

test: setup
	@sh tests/install-tools.sh
	$(BIN)/python -m pytest -n 2

fast: setup
	$(BIN)/python -m pytest -q -n 2 -m 'not reference and not wire'

check: setup
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(MAKE) fast

format: setup
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests

docs: setup
	$(BIN)/python -m olelo.cli.reference docs/modules
	$(BIN)/python -m olelo.transaction.draw docs/transactions.md

bench: setup
	sh bench/run.sh

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
