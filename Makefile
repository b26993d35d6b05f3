# SPDX-License-Identifier: Apache-2.0
# Needs make and Python >= 3.11 (PYTHON=... to choose one); everything else comes from the hash-locked requirements.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PYTEST ?= -n 2 --dist loadfile  # two processes, a file in one of them; PYTEST=tests/ledger runs a folder alone
SOURCES := gateway adapters conformance tools tests
ifeq ($(origin PATH),undefined)  # an empty environment
export PATH := /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
endif
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo real test check lint types imports words chaos soak matrix bench docs lock wheel clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## make .venv from the locked requirements

$(READY): requirements.lock requirements-dev.lock pyproject.toml tools/build_hook.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

demo: $(READY)  ## run the demo city once, from an empty directory
	rm -rf gateway-demo
	$(BIN)/gateway demo --dir ./gateway-demo

real: $(READY)  ## run three real sets twice each, through the whole gateway; one JSON line a pass
	@$(BIN)/python -m tests.real

check: lint types imports words  ## everything that needs no test run: format, lint, types, import law, catalogues, generated pages

lint: $(READY)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

words: $(READY)
	$(BIN)/python tools/catalogue.py --check
	$(BIN)/python tools/reference.py --check
	$(BIN)/python tools/openapi.py --check
	$(BIN)/python -m gateway.pack.manifest --check

test: check  ## check, then the whole test suite with the real components this machine can have
	@tools/components || test -z "$$GATEWAY_REQUIRE_COMPONENTS"
	$(BIN)/python -m pytest $(PYTEST)

chaos: $(READY)  ## 200 seeded worlds a source mode (WORLDS=200), kills at named points and at random, lost answers, planted bugs (CYCLES=1000 LOSE=0.3 SEED=…; SHORT=1: within five minutes)
	@$(if $(SHORT),:,GATEWAY_SOURCE_SEEDS=$(or $(WORLDS),200) $(BIN)/python -m pytest -q tests/sources/test_worlds.py 1>&2)
	@$(BIN)/python -m tests.chaos $(if $(SHORT),--short,--cycles $(or $(CYCLES),1000)) $(if $(LOSE),--lose $(LOSE)) $(if $(SEED),--seed $(SEED))

soak: $(READY)  ## a million records through one process: memory and open files stay flat (ROUNDS=2000 of 500 records)
	GATEWAY_SOAK_ROUNDS=$(or $(ROUNDS),2000) $(BIN)/python -m pytest tests/flow/test_soak.py

matrix: $(READY)  ## the conformance suite against every mutant and good twin; rewrites the committed result and fault dictionary
	$(BIN)/gateway conformance matrix --jobs 6 --json --write-faults conformance/gateway_conformance/faults.json > conformance-matrix.json
	mv conformance-matrix.json docs/reference/conformance-matrix.json

bench: $(READY)  ## measure throughput against the reference pipelines
	$(BIN)/gateway bench

docs: $(READY)  ## rewrite the catalogues and the generated reference pages
	$(BIN)/python tools/catalogue.py
	$(BIN)/python tools/reference.py
	$(BIN)/python tools/openapi.py
	$(BIN)/python -m gateway.pack.manifest

lock: $(READY)  ## renew the locked requirements; addresses of registries never enter them
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --all-extras $(LOCK) -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --all-extras --group dev $(LOCK) -c requirements.lock -o requirements-dev.lock

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

wheel: $(READY)  ## build the wheel into dist/
	$(BIN)/python -m hatchling build -t wheel

clean:  ## remove what the targets above made, but for .venv
	rm -rf dist build gateway-demo gateway-real .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
