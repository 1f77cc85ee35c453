# One command per wish; the same locally and in CI.
# The distribution's Python where it will do: it is built with profile feedback and serves a call for 15 % less than one
# that was not. `make PYTHON=...` takes another.
USABLE := import ensurepip, os, sys, sysconfig; \
	sys.exit(sys.version_info < (3, 11) or not os.path.exists(sysconfig.get_path("include") + "/Python.h"))
PYTHON ?= $(shell /usr/bin/python3 -c '$(USABLE)' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := build/.compiled
PLAIN := build/plain

.PHONY: setup run test check fast format docs bench plain clean

setup: $(STAMP) $(COMPILED)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	OLELO_COMPILE=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# The packet's path is compiled beside its sources (setup.py says what). Without a C compiler, or with OLELO_COMPILE=0,
# it stays plain Python; `make plain` goes back to that.
$(COMPILED): $(STAMP) setup.py $(shell find src -name '*.py')
	@mkdir -p build
	@find src -name '*.so' -delete
	@echo "compiling the packet's path (about a minute; OLELO_COMPILE=0 leaves it plain Python)"
	@$(BIN)/python setup.py --quiet build_ext --inplace >build/compile.log 2>&1 || { \
		find src -name '*.so' -delete; \
		echo "compiling failed, it stays plain Python; the reason is in build/compile.log"; }
	@find src -name '*.so' -exec touch {} +
	@touch $@

plain:
	find src -name '*.so' -delete

# Without compiling: a newcomer does not wait for it.
run: $(STAMP)
	@mkdir -p run
	@echo "phones: any user name, no password, proxy 127.0.0.1:5060 (UDP or TCP); look inside: $(BIN)/olelo cmd -s run/olelo_ctl ul.dump"
	@$(BIN)/olelo serve -f examples/first-call.cfg

test: setup
	@sh tests/install-tools.sh
	$(BIN)/python -m pytest -n 2
	@echo "and once more without the compiled code"
	@rm -rf $(PLAIN) && mkdir -p $(PLAIN) && cp -r src/. $(PLAIN) && find $(PLAIN) -name '*.so' -delete
	PYTHONPATH=$(PLAIN) $(BIN)/python -m pytest -q -n 2 -m 'not reference and not wire'

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
