# Two commands set everything up on a fresh machine: `make build` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: build test clients lint site screenshots measure goldens clean

build: $(READY)  ## create the environment and render the reference packs
	$(BIN)/promptpack build

test: $(READY)  ## the whole suite; real clients are asked where `make clients` installed them
	$(BIN)/pytest -n auto

clients: $(READY)  ## install the pinned real clients, then ask them about every file
	tests/clients/install
	$(BIN)/pytest -m clients tests/clients

lint: $(READY)  ## style and types, and what promptpack says of its own packs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/promptpack lint --strict

site: $(READY)  ## build the documentation site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/promptpack docs build --out site

screenshots: $(READY)  ## take the README's pictures from the real site, with the system's Chromium
	$(BIN)/python tests/screenshots.py

measure: $(READY)  ## how long the site of 1,000 and of 3,000 variants takes; some minutes
	cd tests && ../$(BIN)/python measure_site.py

goldens: $(READY)  ## rewrite expected outputs; look at the difference before you commit it
	PROMPTPACK_ACCEPT=1 $(BIN)/pytest -q tests/test_goldens.py tests/test_commands.py tests/test_docs.py tests/test_loop_docs.py

clean:  ## remove what `make` made
	rm -rf $(VENV) dist site

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)
