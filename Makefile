# make run | test | check | bench | wheel. Needs Python >= 3.11 and make; everything else goes into .venv.

.POSIX:
.DEFAULT_GOAL := help
.PHONY: help run test check bench wheel contract constraints clean

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check

help:
	@echo "make run         everything, with the demo company, on http://127.0.0.1:8000 (KSHARE_* is honoured)"
	@echo "make test        the whole suite"
	@echo "make check       lint, types, import contract, migration and contract drift"
	@echo "make bench       speed, as ratios to a bare application"
	@echo "make wheel       dist/kshare-*.whl"
	@echo "make contract    openapi/openapi.json and openapi/schema.graphql as this code promises them"
	@echo "make constraints constraints.txt from what is installed"

run: $(READY)
	@exec $(BIN)/kshare serve --demo

test: $(READY)
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/kshare contract check
	@data=$$(mktemp -d) && chmod 711 $$data && echo "kshare migrate --check" && \
		KSHARE_DATABASE_URL= KSHARE_DATA_DIR=$$data $(BIN)/kshare migrate --check; status=$$?; rm -rf $$data; exit $$status

bench: $(READY)
	@$(BIN)/python -m bench $(ARGS)

wheel: $(READY)
	@rm -rf dist && $(BIN)/python -m build --wheel --outdir dist . >/dev/null && ls dist/*.whl

contract: $(READY)
	@$(BIN)/kshare contract write

constraints: $(READY)
	@$(PIP) freeze --exclude-editable --exclude kshare | grep -v '@' > constraints.txt && wc -l constraints.txt

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .hypothesis

# Installs again only when what is to be installed has changed.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "kshare needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)."; \
		echo "Install one, then: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "Creating $(VENV) with $$($(PYTHON) --version) ..."; \
		$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "This Python cannot make environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }; }
	@echo "Installing kshare and what it needs into $(VENV) (once; a minute or two) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[charts,dev,telemetry]' & pid=$$!; \
		trap 'kill $$pid; exit 130' INT TERM; \
		seconds=0; while kill -0 $$pid 2>/dev/null; do sleep 1; seconds=$$((seconds + 1)); \
		test $$((seconds % 10)) -ne 0 || echo "... still installing after $$seconds s"; done; wait $$pid
	@touch $(READY)
