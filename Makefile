# Two commands set everything up: `make run` and `make test`. They need Python 3.11 or newer, and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run demo test races check format help

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

run:  ## install what is needed, prepare the database, serve
	@$(PYTHON) config/bootstrap.py
	@exec $(BIN)/python manage.py serve

demo:  ## add demo data to look at
	@$(PYTHON) config/bootstrap.py
	@$(BIN)/python manage.py prepare
	@LOG_LEVEL=WARNING $(BIN)/python manage.py demo
	@echo "Drawing the plots (some seconds)"
	@LOG_LEVEL=WARNING $(BIN)/python manage.py work --until-idle
	@echo "Done. Look at it with: make run"

test:  ## the whole test suite, on SQLite and on PostgreSQL
	@$(PYTHON) config/bootstrap.py --dev
	@$(BIN)/python -m tests.everything

races:  ## many clients at once, in large numbers, on SQLite and on PostgreSQL (half an hour)
	@$(PYTHON) config/bootstrap.py --dev
	@RACES=big $(BIN)/python -m tests.everything -n 0 tests/races

check:  ## lint, format, types, layers, migrations, deployment settings, tests
	@$(PYTHON) config/bootstrap.py --dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	HOLDFAST_HTTPS=true LOG_LEVEL=WARNING $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	@$(MAKE) --no-print-directory test

format:  ## let ruff lay out the code
	@$(PYTHON) config/bootstrap.py --dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
