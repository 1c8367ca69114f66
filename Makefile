# Two commands set everything up on a fresh machine: `make build` and `make test`.
# With NEWEST=1 a command takes the newest version of every dependency instead of the locked one.
PYTHON ?= python3
LOCK := requirements-dev.lock
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --no-build --generate-hashes --custom-compile-command "make lock"
VENV := $(if $(NEWEST),.venv-newest,.venv)
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready$(if $(NEWEST),-$(shell date +%F))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
REVIEW := tests/clients/test_inventory.py::test_the_pinned_clients_have_what_was_reviewed
CHECK := import platform, sys; version = platform.python_version(); sys.version_info >= (3, 11) \
  or sys.exit(f"promptpack needs Python 3.11 or newer; this is {version}. Try: make PYTHON=python3.13")
BACKEND := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")

# The suite starts thousands of processes; each would compile every module anew without the caches.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: build test properties clients lint site screenshots measure benchmark floor goldens release lock clean help

build: $(READY)  ## create the environment and render the reference packs
	@echo "Rendering the reference packs into dist/ ..."
	@$(BIN)/promptpack build
	@echo "Done. The agent files are in dist/. Next: run \"make test\", or try \"$(BIN)/promptpack --help\"."

test: $(READY)  ## the whole suite but for the real clients, which `make clients` asks
	$(BIN)/pytest -n auto --dist worksteal -m "not clients" $(ARGS)

properties: $(READY)  ## the property tests alone; PROMPTPACK_CASES=10 tries ten times as many cases
	$(BIN)/pytest -n auto -m properties $(ARGS)

clients: $(READY)  ## install the pinned real clients and ask them about every file; NEWEST=1 takes the newest
ifdef NEWEST
	tests/clients/install newest
	@cd tests && PROMPTPACK_NEWEST_CLIENTS=1 ../$(BIN)/python -m clients.drift; drifted=$$?; \
	  cd .. && PROMPTPACK_NEWEST_CLIENTS=1 $(BIN)/pytest -n auto -m clients tests/clients --deselect $(REVIEW) && exit $$drifted
else
	tests/clients/install
	$(BIN)/pytest -n auto -m clients tests/clients
endif

lint: $(READY)  ## style and types, and what promptpack says of its own packs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/promptpack lint --strict

site: $(READY)  ## build the documentation site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/promptpack docs build --out site

screenshots: $(READY)  ## take the README's and the docs' pictures, with the system's Chromium
	$(BIN)/python tests/screenshots.py

measure: $(READY)  ## how long the site of 1,000 and of 3,000 variants takes; some minutes
	cd tests && ../$(BIN)/python measure_site.py

benchmark: $(READY)  ## measure promptpack beside rulesync and ruler; some minutes, needs npm; ARGS="--large --write"
	benchmarks/install
	$(BIN)/python benchmarks/measure.py $(ARGS)

floor: $(READY)  ## fail where promptpack takes far more CPU than bare Python for the same work; ARGS="--packs 1000"
	$(BIN)/python benchmarks/floor.py $(ARGS)

goldens: $(READY)  ## rewrite expected outputs; look at the difference before you commit it
	PROMPTPACK_ACCEPT=1 $(BIN)/pytest -q tests/test_goldens.py tests/test_commands.py tests/test_docs.py tests/test_loop_docs.py \
	  tests/test_shapes.py

release: $(READY)  ## build what a release is made of into release/, twice, and compare; publishes nothing
	.ci/release $(BIN)/python

lock:  ## lock the newest version of everything that is installed, with hashes; needs npm
	@$(PYTHON) -c '$(CHECK)'
	@command -v npm >/dev/null || { echo "make lock needs npm, for tests/clients" >&2; exit 1; }
	@rm -rf .venv-lock
	@echo "Installing uv into .venv-lock ..."
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	@echo "Resolving the newest versions into $(LOCK) ..."
	@.venv-lock/bin/$(COMPILE) --upgrade --extra dev --output-file $(LOCK) pyproject.toml
	@echo "Taking from it what the action and a release need ..."
	@$(PYTHON) -c '$(BACKEND)' | .venv-lock/bin/$(COMPILE) --upgrade --constraint $(LOCK) \
	  --output-file requirements-action.lock pyproject.toml -
	@.venv-lock/bin/$(COMPILE) --upgrade --constraint $(LOCK) \
	  --output-file requirements-release.lock --group pyproject.toml:release
	@.venv-lock/bin/$(COMPILE) --upgrade --output-file requirements-formats.lock --group pyproject.toml:formats
	@rm -rf .venv-lock
	@echo "Resolving what the real clients need into tests/clients/package-lock.json ..."
	@cd tests/clients && rm -f package-lock.json && npm install --package-lock-only --ignore-scripts \
	  --omit-lockfile-registry-resolved --loglevel=error >/dev/null
	@cd benchmarks && rm -f package-lock.json && npm install --package-lock-only --ignore-scripts \
	  --omit-lockfile-registry-resolved --loglevel=error >/dev/null
	@cd tests/clients/evaluation && rm -f package-lock.json && npm install --package-lock-only --ignore-scripts \
	  --omit-lockfile-registry-resolved --loglevel=error >/dev/null
	@cd tests/clients/formats && rm -f package-lock.json && npm install --package-lock-only --ignore-scripts \
	  --omit-lockfile-registry-resolved --loglevel=error >/dev/null
	@echo "Done. Next: look at \"git diff --stat\", then run \"make clients lint test\"."

clean:  ## remove what `make` made
	rm -rf .venv .venv-lock .venv-newest dist release site

help:  ## list these commands; PYTHON=python3.13, NEWEST=1 and ARGS (for pytest) go with them
	@sed -n 's/^\([a-z]*\):.*  ## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-12s %s\n' "$$name" "$$text"; done

# A step is done when its mark is there: where it was interrupted, make repeats it. Only wheels are
# installed: what a package from source is built with would not be locked. NEWEST is made once a day.
ifdef NEWEST
$(READY): pyproject.toml
	$(call create)
	@echo "Installing the newest version of every dependency (up to a minute) ..."
	@$(PIP) --editable '.[dev]'
	@touch $@
else
$(LOCKED): $(LOCK)
	$(call create)
	@echo "Installing $$(grep -o '^[a-z0-9-]*==' $(LOCK) | sort -u | wc -l | tr -d ' ') locked packages (up to a minute) ..."
	@$(PIP) --require-hashes --only-binary :all: --requirement $(LOCK)
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@echo "Installing promptpack from this checkout ..."
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
endif

define create
@$(PYTHON) -c '$(CHECK); print("Creating $(VENV) with Python", version, "...")'
@rm -rf $(VENV)
@$(PYTHON) -m venv $(VENV)
endef
