# Needs only Python 3.11 or newer (with its venv module), git and make.
#
#   make venv    the development environment in .venv, pinned by hash
#   make demo    a tool made by a local model, then reused (private home in .demo/)
#   make test    the test suite; Docker tests skip without a daemon
#   make check   formatting, lint, types, import contracts, documentation
#   make site    the documentation as a site, in build/site
#   make bench   the benchmarks that need no model, in their quick form
#   make lock    after a change of dependencies: writes requirements-dev.lock

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TESTS ?=
# One more than two cores, since half of the suite's time is waiting.
WORKERS ?= 3

.PHONY: help venv demo test check bench lock docs site image clean

help:
	@sed -n '3,9s/^# *//p' Makefile

venv: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or say make PYTHON=/path/to/python." >&2; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module does not work: on Debian, apt-get install python3-venv." >&2; exit 3; }
	@echo "Installing the pinned environment into $(VENV) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: venv
	@$(BIN)/python -m examples.demo $(ARGS)

# The image is built where a daemon answers, so that no test waits for it.
image: venv
	@if timeout 10 docker version >/dev/null 2>&1 || [ -n "$${AGENTFORGE_REQUIRE_DOCKER:-}" ]; then \
	  $(BIN)/agentforge sandbox build; \
	else \
	  echo "No Docker daemon answers: Docker tests will be skipped." >&2; \
	fi

test: venv image
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(TESTS)

# All of them run, whatever the first says: what is wrong is told at once.
# The site is built anew each time (-E): a page that did not change is not looked at again otherwise.
SITE := python -m sphinx -E -W --keep-going -q -b html docs build/site
CHECKS := "ruff format --check ." "ruff check ." "pyright --warnings" "lint-imports --no-cache" \
  "python -m docs.generate --check" "$(SITE)"

check: venv
	@failed=(); for step in $(CHECKS); do \
	  echo "· $$step"; $(BIN)/$$step || failed+=("$$step"); \
	done; \
	[ $${#failed[@]} -eq 0 ] || { printf 'failed: %s\n' "$${failed[@]}" >&2; exit 1; }

docs: venv
	$(BIN)/python -m docs.generate

site: docs
	$(BIN)/$(SITE)
	@echo "Open build/site/index.html"

bench: venv image
	$(BIN)/python -m benchmarks.startup --quick
	$(BIN)/python -m benchmarks.sandbox --quick
	$(BIN)/python -m benchmarks.soak --quick
	$(BIN)/python -m benchmarks.streams --quick

lock: venv
	$(BIN)/uv pip compile --generate-hashes --universal --python-version 3.11 --no-emit-index-url --quiet \
	  --custom-compile-command "make lock" --group dev pyproject.toml --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .demo dist build .pytest_cache .ruff_cache .import_linter_cache
