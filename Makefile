# Everything a newcomer needs: `make demo` to see it, `make test` to trust it.
#
#   make demo [DATA=folder SCENARIO=ou] [PORT=8000]   the demo, until Ctrl-C
#   make test                                         lint, types, import walls, every test
#   make proof                                        the slow proofs too
#   make screenshots                                  every page as a picture, in var/screenshots; those of the docs renewed
#   make setup                                        only the installing

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SCENARIO ?= campus
WORKERS ?= 3

# PyTorch's own index of CPU builds. `TORCH_INDEX=` (empty) takes the build of the usual index, with CUDA.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)

# The first Python of the versions we know that really runs (a version manager's stub may not).
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && { command -v $$p; break; }; done)
endif

NO_PYTHON := Python 3.11, 3.12 or 3.13 with venv (Debian, Ubuntu: apt-get install python3 python3-venv).

.PHONY: check has-python setup demo test lint types imports tests proof screenshots migration clean

check:
	@missing=0; \
	say() { echo "Missing: $$1"; missing=1; }; \
	[ "$$(uname -s)" = Linux ] || echo "Note: this was tried on Linux only; on $$(uname -s) nobody has tried it yet."; \
	[ -n "$(PYTHON)" ] || say "$(NO_PYTHON)"; \
	if command -v node >/dev/null; then \
		[ "$$(node -p 'parseInt(process.versions.node)')" -ge 18 ] || say "Node.js 18 or newer; this is $$(node --version)."; \
	else say "Node.js 18 or newer (Debian, Ubuntu: apt-get install nodejs npm)."; fi; \
	command -v npm >/dev/null || say "npm, which comes with Node.js (Debian, Ubuntu: apt-get install npm)."; \
	[ $$missing = 0 ] || { echo "Install what is missing and say the same command again."; exit 1; }

has-python:
	@[ -n "$(PYTHON)" ] || { echo "Missing: $(NO_PYTHON)"; exit 1; }

# What is installed is remembered by a file in the environment, so a second start costs nothing.
$(VENV)/.demo: pyproject.toml constraints.txt | has-python
	@$(MAKE) --no-print-directory install EXTRA=demo
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | has-python
	@$(MAKE) --no-print-directory install EXTRA=dev
	@touch $@ $(VENV)/.demo

.PHONY: install
install:
	[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/pip install -q --no-deps --no-index $(TORCH) 2>/dev/null \
	|| $(BIN)/pip install -q --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	$(BIN)/pip install -q -c constraints.txt -e '.[$(EXTRA)]'

ASSETS := app/web/static/vendor/htmx.min.js
$(ASSETS): package.json package-lock.json | check
	npm ci --no-audit --no-fund --loglevel=error
	npm run --silent build
	@touch $@

setup: check $(VENV)/.dev $(ASSETS)

demo: check $(VENV)/.demo $(ASSETS)
	@exec $(BIN)/collegium-hub demo --port $(PORT) --scenario $(SCENARIO) $(if $(DATA),--data "$(DATA)")

# Types and walls are looked at while tests wait for processes.
test: setup lint
	@$(MAKE) --no-print-directory -j 3 types imports tests

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

# One run, so its last line counts everything. Tests that start real processes or browsers keep to one worker each.
tests:
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m 'not slow' tests

proof: setup
	$(BIN)/pytest -n $(WORKERS) --dist loadfile tests

screenshots: setup
	COLLEGIUM_SCREENSHOTS=var/screenshots $(BIN)/pytest -q tests/browser/test_screenshots.py
	mkdir -p docs/pictures && cp var/screenshots/docs/*.png docs/pictures/

# After a change of a model, until the first release: see migrations/__main__.py.
migration: $(VENV)/.dev
	$(BIN)/python -m migrations

clean:
	rm -rf var build dist
