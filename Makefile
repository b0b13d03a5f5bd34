# make demo and make test set up everything they need, from a fresh clone on a machine with Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SETUP := $(VENV)/.installed

.PHONY: demo test test-services bench chaos lint migrations clean
.DEFAULT_GOAL := help

help:
	@echo "make demo           run the sandbox on http://127.0.0.1:$(PORT) (PORT=... to change it)"
	@echo "make test           the whole suite, in the browser too"
	@echo "make test-services  the suite on PostgreSQL, with RabbitMQ and with Redis"
	@echo "make lint           ruff, import-linter, templates, migrations"
	@echo "make bench, make chaos"

$(SETUP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(SETUP)

demo: $(SETUP)
	@PORT=$(PORT) exec $(BIN)/python sandbox/manage.py demo

test: $(SETUP)
	@bash .ci/browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-services: $(SETUP)
	@bash .ci/services

bench: $(SETUP)
	@echo "make bench: there is no benchmark yet; they come with the sending engine's own issue." >&2; exit 1

chaos: $(SETUP)
	@echo "make chaos: there is no kill harness yet; it comes with the sending engine's own issue." >&2; exit 1

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet wagtail_sms sandbox
	DJANGO_SETTINGS_MODULE=sandbox.settings $(BIN)/python -m django makemigrations wagtail_sms venue --check --dry-run
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m django check --fail-level WARNING

migrations: $(SETUP)
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m django makemigrations wagtail_sms

clean:
	rm -rf var build dist .pytest_cache .ruff_cache .hypothesis
