# Everything that one does with the portal from a shell; `make` alone lists it.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PORT ?= 8000
VAR ?= var
override VAR := $(if $(filter /%,$(firstword $(VAR))),$(VAR),$(CURDIR)/$(VAR))

# The first Python that is new enough; a shim for one that is not installed answers with an error.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
INSTALL = $(or $(PYTHON),$(error The portal needs Python 3.11 or newer)) requirements/install.py
MANAGE := .venv/bin/python manage.py

# manage.py knows its settings; a DJANGO_SETTINGS_MODULE that somebody exported for another project is not them.
unexport DJANGO_SETTINGS_MODULE

.PHONY: help
help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

# ── Running it ─────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: demo
demo: export DEMO := 1
demo: export VAR := $(VAR)
demo: export PORTAL_URL ?= http://localhost:$(PORT)
demo: ## the demo on this machine; PORT=8000 and VAR=var (database, mails, uploads) can be set
	@$(INSTALL) runtime
	@mkdir -p "$$VAR/static"
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) createcachetable --verbosity 0
	@$(MANAGE) load_demo
	@exec $(MANAGE) serve --port $(PORT)

# The role that DATABASE_URL signs in with.
ROLE := .venv/bin/python -c 'import os; from urllib.parse import unquote, urlsplit; print(unquote(urlsplit(os.environ["DATABASE_URL"]).username))'

# Whoever serves has no business with the owner's password.
.PHONY: serve
serve: export VAR := $(VAR)
serve: ## production on this machine, with the settings of the environment (docs/operations.md)
	@$(INSTALL) runtime
	@mkdir -p "$$VAR/static"
	@DATABASE_URL="$${DATABASE_OWNER_URL:-$$DATABASE_URL}" $(MANAGE) migrate
	@DATABASE_URL="$${DATABASE_OWNER_URL:-$$DATABASE_URL}" $(MANAGE) createcachetable
	@if [ -n "$$DATABASE_OWNER_URL" ]; then DATABASE_URL="$$DATABASE_OWNER_URL" $(MANAGE) grant_rights "$$($(ROLE))"; fi
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@unset DATABASE_OWNER_URL; exec $(MANAGE) serve --port $(PORT) $(if $(HOLD_MAIL),--hold-mail)

# ── Trying it ──────────────────────────────────────────────────────────────────────────────────────────────────────

# The stories and the demo once more on SQLite, before the main run, whose closing line is to be the last.

.PHONY: test
test: check ## every test, on PostgreSQL and in Chromium, both installed if they are missing
	@.venv/bin/python -m tests.chromium
	TEST_SQLITE=1 .venv/bin/python -m pytest -m "not postgres" tests/stories
	.venv/bin/python -m pytest -n auto --maxprocesses=4

.PHONY: restore-drill
restore-drill: test-environment ## lose the database under load, restore it from a backup, prove it and sell on the copy; says how long each step took
	.venv/bin/python -m pytest -s tests/faults/test_restore.py

SECONDS ?= 60

.PHONY: soak
soak: test-environment ## people press on while processes, connections and the database are killed; SECONDS=60 and SEED=7 can be set
	.venv/bin/python -m tests.soak --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

ROUNDS ?= 200

.PHONY: bench
bench: bench-environment ## measure against a real PostgreSQL what no test may, one line per goal; ROUNDS=200, SEED=7, ONLY="G1 G2" and QUICK=1 can be set
	.venv/bin/python -m tests.bench --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

MINUTES ?= 30
RATE ?= 20

.PHONY: load
load: test-environment ## people come to a full portal at a rate whatever the answers take, one line per goal; MINUTES=30, RATE=20, SEED=7, JOURNAL=1000000 (lines) and QUICK=1 can be set
	.venv/bin/python -m tests.load --minutes $(MINUTES) --rate $(RATE) $(if $(SEED),--seed $(SEED)) $(if $(JOURNAL),--lines $(JOURNAL)) $(if $(QUICK),--quick)

OUT ?= $(VAR)/screenshots

.PHONY: screenshots
screenshots: test-environment ## a picture of every page and state, to look at, in OUT=var/screenshots; README=1 draws those that README shows
	@.venv/bin/python -m tests.chromium
	.venv/bin/python -m tests.screenshots $(if $(README),--readme,--out "$(OUT)")

# Two ways to read the settings without a database: as one develops, and as one serves.
DEVELOPING := DEMO= DEBUG=1 DATABASE_URL=sqlite://:memory:
SERVING = DEMO= DEBUG= DATABASE_URL=postgres://portal@localhost/portal EMAIL_URL=smtp://localhost \
	ALLOWED_HOSTS=portal.example.com PORTAL_URL=https://portal.example.com TRUSTED_PROXIES=1 \
	SECRET_KEY=$$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	LICENSE_SIGNING_KEY="$$(.venv/bin/python -c 'from joserfc.jwk import OKPKey; print(OKPKey.generate_key().as_pem(private=True).decode())')"

# What is served, and what installs it; tests do on purpose what nobody else may.
OURS := accounts deployments licenses licensing_portal transfers requirements manage.py

# Here a warning of Python's, of Django's or of a library's is an error, as in the tests.
STRICTLY := .venv/bin/python -W error manage.py

.PHONY: check check-lint check-format check-security check-types check-models check-settings check-templates
check: check-lint check-format check-security check-types check-models check-settings check-templates ## what needs no test run; `make -k check` goes on after a finding

check-lint: test-environment
	.venv/bin/ruff check

check-format: test-environment
	.venv/bin/ruff format --check --output-format concise

check-security: test-environment
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive $(OURS)

check-types: test-environment
	$(DEVELOPING) .venv/bin/python -m mypy

check-models: test-environment
	$(DEVELOPING) $(STRICTLY) makemigrations --check --dry-run

check-settings: test-environment
	$(DEVELOPING) $(STRICTLY) check
	@echo "manage.py check --deploy, with settings as in production"
	@$(SERVING) $(STRICTLY) check --deploy --fail-level WARNING

check-templates: test-environment
	find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 --check {} +

.PHONY: test-environment
test-environment:
	@$(INSTALL) test

# The peer that `make bench` measures is in no other environment.
.PHONY: bench-environment
bench-environment:
	@$(INSTALL) bench

# ── Keeping it ─────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: format
format: test-environment ## what `make check` asks for and a machine can do
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format
	-find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 {} +

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: requirements
requirements: ## write the lock files anew after a change of requirements/*.in (needs uv); UPGRADE=--upgrade for newer versions
	$(COMPILE) $(UPGRADE) requirements/runtime.in --output-file requirements/runtime.txt
	$(COMPILE) $(UPGRADE) requirements/test.in --constraint requirements/runtime.txt --output-file requirements/test.txt
	$(COMPILE) $(UPGRADE) requirements/bench.in --constraint requirements/test.txt --output-file requirements/bench.txt
