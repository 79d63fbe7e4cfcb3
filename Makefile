# Two commands: `make demo` and `make test`. Both set up what they need, and work again when run twice.

PYTHON ?= $(shell bash scripts/python.sh)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: help demo test soak setup setup-test lock screenshots format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo         a demo company on http://127.0.0.1:$(PORT), from nothing"
	@echo "make test         every check and test"
	@echo "make soak         kills workers, PostgreSQL and the mail server 200 times, and reconciles (12 minutes)"
	@echo "make screenshots  the pictures of docs/pictures, while make demo runs in another terminal"
	@echo "make format       format the code"
	@echo "make lock         lock the Python requirements again"
	@echo "make clean        remove what was built (not your data)"

demo: setup
	@$(BIN)/northpost demo --port $(PORT)

test: setup-test
	@bash scripts/test.sh

soak: setup $(VENV)/.installed-dev
	@$(BIN)/python -m tests.soak $(SOAK)

setup: $(VENV)/.installed northpost/web/static/build/manifest.json
	@$(BIN)/python scripts/messages.py

setup-test: setup $(VENV)/.installed-dev
	@bash scripts/chromium.sh
	@bash scripts/real_parts.sh

$(VENV)/bin/uv: requirements/uv.txt
	@echo "==> Making the Python environment in $(VENV) with $(PYTHON)"
	@bash scripts/venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.installed: $(VENV)/bin/uv requirements/base.txt pyproject.toml
	@echo "==> Installing Northpost (locked and hashed)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/base.txt
	@$(BIN)/python scripts/link.py
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	@echo "==> Installing what the tests need"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

node_modules/.installed: package-lock.json package.json
	@echo "==> Installing the front end's packages"
	@npm ci --no-progress --loglevel=error
	@touch $@

northpost/web/static/build/manifest.json: node_modules/.installed $(shell find frontend -type f 2>/dev/null)
	@echo "==> Building the front end"
	@npm run --silent build
	@touch $@

lock: $(VENV)/bin/uv
	@cd requirements && for name in uv base dev; do \
	  ../$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
	    --no-emit-find-links --custom-compile-command "make lock" $$name.in -o $$name.txt; done

format: $(VENV)/.installed-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

screenshots: setup-test
	@$(BIN)/python scripts/screenshots.py --url http://127.0.0.1:$(PORT)

clean:
	rm -rf $(VENV) node_modules northpost/web/static/build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
