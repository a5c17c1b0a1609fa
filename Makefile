# Each target does all the set-up it needs: `make chaos` and `make test` work in a fresh clone on a bare machine.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Passed on to the program: make chaos SUITES="network-failures worker-crashes" ARGS="--repeat 3"
SUITES ?=
ARGS ?=
BENCH = PYTHONPATH=tests .venv/bin/python -m bench
chaoslab := .venv/bin/chaoslab
runtime := .venv/.installed
dev := .venv/.installed-dev

# The profile of `make load`: quick (seconds, sized by this machine) or full (the numbers that the patterns are known by).
PROFILE ?= quick

.PHONY: chaos load all stress repeat selftest abort test check lint unit up down recover engine engine-stop images bench bench-load lock clean help

chaos: $(runtime) images ## Break the lab on purpose and judge it: quick profile, default suites (SUITES=all|names, ARGS=..., LAB_BUGS=...)
	$(chaoslab) run $(SUITES) $(ARGS)

stress: $(runtime) images ## The stress suites: CPU, memory, disk, descriptors and connections at their limits
	$(chaoslab) run stress $(ARGS)

load: $(runtime) images ## How much the lab takes, where it breaks, how it bends: knee and six patterns (PROFILE=full, ARGS="spike-test --users 500")
	$(chaoslab) load --profile $(PROFILE) $(ARGS)

all: $(runtime) images ## Chaos, load and stress one after the other, with one summary (ARGS="--skip stress")
	$(chaoslab) all --profile $(PROFILE) $(ARGS)

repeat: $(runtime) images ## Twenty repeats of the ten shortest scenarios: steady or flaky (SUITES=names)
	$(chaoslab) run $(or $(SUITES),all) --repeat 20 --shortest 10 $(ARGS)

selftest: $(runtime) images ## Show that every known bug of the lab is caught (ARGS="--only no-retry", ARGS=--resume)
	$(chaoslab) selftest $(SUITES) $(ARGS)

test: check images ## Everything: `make check`, then the tests that need a real engine
	.venv/bin/pytest tests/engine $(ARGS)

check: $(dev) ## Format, lint, types, import contract, docs, unit tests and golden cases; needs no engine
	@$(MAKE) --jobs=2 --output-sync=target lint unit

lint: $(dev) ## The part of check that reads the code
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

unit: $(dev) ## The part of check that runs it
	.venv/bin/pytest -q tests/unit tests/golden

up: $(runtime) images ## Start the lab and leave it running
	$(chaoslab) up $(ARGS)

down: $(runtime) ## Stop the lab and remove its containers and networks; its data stays (ARGS=--volumes removes it)
	$(chaoslab) down $(ARGS)

abort: $(runtime) ## Stop a running run from another terminal; everything is undone
	$(chaoslab) abort $(ARGS)

recover: $(runtime) ## Put right whatever an interrupted run left behind
	$(chaoslab) recover $(ARGS)

engine: ## Use the Docker engine that answers; on bare Debian or Ubuntu, as root, install and start one
	@compose/engine/engine.sh up

engine-stop: ## Stop the engine, only if we started it
	@compose/engine/engine.sh stop

images: engine ## Build the images whose inputs have changed (CHAOSLAB_BASE=pull|bootstrap|IMAGE)
	@compose/images/build.sh

bench: $(dev) images ## Compare measured recovery with an independent 1 ms poller
	$(BENCH) $(ARGS)

bench-load: $(dev) images ## CPU that one request costs, hop by hop (ARGS="--json FILE", ARGS="--against FILE")
	$(BENCH).load $(ARGS)

lock: ## Regenerate requirements.lock and requirements-dev.lock (needs uv: python3 -m pip install uv)
	@printf 'hatchling\neditables\n' | $(compile) - --output-file requirements.lock $(ARGS)
	@printf 'hatchling\neditables\n' | $(compile) - --extra dev --constraint requirements.lock --output-file requirements-dev.lock $(ARGS)
compile = UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate pyproject.toml

clean: ## Remove the virtual environment, caches and results; images and the engine stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist bare-results
	find results -mindepth 1 ! -name .gitkeep -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The development lock holds the runtime's packages at the same versions: installing it satisfies both.
$(runtime): requirements.lock pyproject.toml
	@compose/engine/venv.sh .venv requirements.lock
	@touch $@

$(dev): requirements-dev.lock pyproject.toml
	@compose/engine/venv.sh .venv requirements-dev.lock
	@touch $@ $(runtime)
