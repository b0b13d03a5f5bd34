# make demo and make test set up everything they need, from a fresh clone on a machine with Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
OPERATIONS ?= 1000000
ROWS ?= 1000000
ONLY ?=
SEED ?= 1
PARTS ?= kills
RECIPIENTS ?= 5000
KILLS ?= 20
RESTARTS ?= 3
PAUSES ?= 5
BROKER ?= auto
SETUP := $(VENV)/.installed

.PHONY: demo test test-services bench chaos lint migrations clean
.DEFAULT_GOAL := help

help:
	@echo "make demo           run the sandbox on http://127.0.0.1:$(PORT) (PORT=... to change it)"
	@echo "make test           the whole suite, in the browser too"
	@echo "make test-services  the suite on PostgreSQL, with RabbitMQ and with Redis"
	@echo "make lint           ruff, import-linter, templates, migrations"
	@echo "make chaos          the ledger at random (OPERATIONS=$(OPERATIONS)), then kill -9 in the middle of campaigns (SEED=$(SEED))"
	@echo "make bench          every figure against its baseline, in one run (ROWS=$(ROWS), ONLY=send,plan for some parts)"

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

# PostgreSQL, RabbitMQ and Redis where they answer (DATABASE_URL, RABBITMQ_URL, REDIS_URL), SQLite and files always.
bench: $(SETUP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "psycopg[binary]>=3.1" "celery[redis]>=5.4"
	@$(BIN)/python -m benchmarks --rows $(ROWS) --only "$(ONLY)"

# All of it: make chaos RECIPIENTS=100000 KILLS=200 RESTARTS=20 PAUSES=50 PARTS="kills clicks stops sweepers deaths sigterm steering webhooks"
chaos: $(SETUP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "psycopg[binary]>=3.1" "celery[redis]>=5.4" || true
	@$(BIN)/python -m chaos ledger --operations $(OPERATIONS) --seed $(SEED)
	@set -e; for part in $(PARTS); do \
	  if [ $$part = webhooks ]; then \
	    STORM_CALLS=10000 $(BIN)/python -m pytest -q tests/delivery/test_webhook_storm.py; continue; fi; \
	  options="--seed $(SEED) --broker $(BROKER)"; \
	  if [ $$part = kills ]; then options="$$options --recipients $(RECIPIENTS) --kills $(KILLS)"; \
	    options="$$options --restarts $(RESTARTS) --pauses $(PAUSES)"; fi; \
	  $(BIN)/python -m chaos $$part $$options; done

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
