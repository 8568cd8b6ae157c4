# One target a habit (`make help`). Each sets up what it needs: Python 3.11-3.13 and a package index are enough.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: help setup demo demo-data test soak lab lint bench wheel lock
help: ## what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP) ## packages into .venv, as requirements.lock says

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $(STAMP)

demo: $(STAMP) ## four weeks of the invented county, into reports/
	$(BIN)/opinion-lab demo

demo-data: $(STAMP) ## pack the invented county anew, after a change of tools/county
	$(BIN)/python -m tools.county

test: $(STAMP) ## the tests, without the long runs
	$(BIN)/python -m pytest

soak: $(STAMP) ## the long runs
	$(BIN)/python -m pytest -m soak

lab: $(STAMP) ## JupyterLab on the notebooks
	$(BIN)/opinion-lab lab

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check opinion_lab tools tests
	$(BIN)/mypy

bench: $(STAMP) ## every method beside its plain rival
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r tests/benchmarks/peers.txt
	$(BIN)/python -m tests.benchmarks

wheel: $(STAMP) ## dist/opinion_lab-*.whl: all that a bureau needs
	$(BIN)/python -m hatchling build --target wheel

lock: $(STAMP) ## requirements.lock and environment.yml, after a change of pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --extra dev --extra cluster --extra pdf --extra messages --no-annotate --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header tests/object_store.txt -o tests/object_store.lock
	$(BIN)/python -m tests.environment
