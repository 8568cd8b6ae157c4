# Each target sets up what it needs: Python 3.11-3.13 and a package index are enough.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: setup demo demo-data test lab lint bench lock
setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/opinion-lab demo

demo-data: $(STAMP)
	$(BIN)/python -m tools.county

test: $(STAMP)
	$(BIN)/python -m pytest

lab: $(STAMP)
	$(BIN)/opinion-lab lab

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check opinion_lab tools tests
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r tests/benchmarks/peers.txt
	$(BIN)/python -m tests.benchmarks

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --extra dev --extra cluster --no-annotate --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header tests/object_store.txt -o tests/object_store.lock
