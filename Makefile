# Jieli. Needs Python 3.11 or later, make and git; everything else is installed here, locked.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VAR := var
VENV := .venv
PY := $(VENV)/bin/python
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# The interpreter: PYTHON=… overrules.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/$(VAR)/uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export UV_NO_PROGRESS := 1
# A copy works wherever the cache is (hard links fail across file systems).
export UV_LINK_MODE ?= copy
SYNC = $(UV) pip sync --quiet --require-hashes --python $(PY)

.PHONY: services help install install-dev run test e2e check bench lock translations format clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

install: $(VENV)/.run ## what `make run` needs, locked
install-dev: $(VENV)/.dev ## the same and the tools of test, check and e2e

$(VAR)/uv/bin/uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (set PYTHON=/path/to/python3)"; exit 1; }
	@echo "installing uv into $(VAR)/uv"
	@$(PYTHON) -m venv $(VAR)/uv
	@$(VAR)/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/bin/python: | $(if $(findstring $(VAR)/uv,$(UV)),$(VAR)/uv/bin/uv)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (set PYTHON=/path/to/python3)"; exit 1; }
	@$(UV) venv --quiet --python "$(PYTHON)" $(VENV)

# An environment with the developer's tools has all that running needs: it is not cut back.
$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	@if test -e $(VENV)/.dev; then $(MAKE) --no-print-directory $(VENV)/.dev; else \
		echo "installing the locked packages"; \
		$(SYNC) requirements/run.txt && $(PY) scripts/link_source.py; fi
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "installing the locked packages and the developer's tools"
	@$(SYNC) requirements/dev.txt
	@$(PY) scripts/link_source.py
	@touch $@ $(VENV)/.run

$(VENV)/.bench: requirements/bench.txt | $(VENV)/bin/python
	@echo "installing the locked packages, the tools and the comparisons of the benchmarks"
	@$(SYNC) requirements/bench.txt
	@$(PY) scripts/link_source.py
	@touch $@ $(VENV)/.dev $(VENV)/.run

run: install ## start everything on this machine (PORT=8000); Ctrl-C stops it
	@exec $(PY) manage.py up

test: install-dev ## the whole suite but the browser's and the services', on its own PostgreSQL
	@$(PY) -m pytest -n $(JOBS) --dist worksteal -m "not e2e and not services" $(ARGS)

services: install-dev ## starting, killing, backup and restore of the services, and the whole demo
	@$(PY) -m pytest -n $(JOBS) --dist worksteal -m services tests/devstack $(ARGS)

e2e: install-dev ## the browser's tests (Chromium needed)
	@$(PY) -m pytest -m e2e --ignore=tests/e2e $(ARGS)
	@$(PY) -m pytest -m e2e tests/e2e $(ARGS)

check: install-dev ## ruff, mypy, imports, migrations, translations, the platform/ trap
	@$(PY) scripts/check.py $(ARGS)

# `make bench` runs every suite but the long ones (online), `make bench linkage` one.
SUITES := audited award push case_page link linkage online
.PHONY: $(SUITES)
bench: $(VENV)/.bench ## measure, and print the table (make bench linkage: one suite)
	@$(PY) -m bench $(filter $(SUITES),$(MAKECMDGOALS)) $(ARGS)
$(SUITES):
	@:

lock: $(if $(findstring $(VAR)/uv,$(UV)),$(VAR)/uv/bin/uv) ## resolve anew and rewrite requirements/*.txt
	@UV="$(UV)" bash scripts/lock.sh

translations: install-dev ## bring locale/*.po up to date and compile them
	@$(PY) scripts/translations.py update

format: install-dev ## let ruff format and sort
	@$(VENV)/bin/ruff check --quiet --fix . ; $(VENV)/bin/ruff format --quiet .

clean: ## remove the environment, all data under var/ and caches (stop `make run` first)
	rm -rf $(VENV) $(VAR) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
