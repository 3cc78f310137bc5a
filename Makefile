# VaxPass: `make run` needs only Python 3.11 or later, which brings its own Node; `make test`
# installs what else it needs.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/stamps
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
UV := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help run test tour fuzz mutations messages lint fmt lock bench services services-stop clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: export VAXPASS_MODE := development
run: export ISSUER_URL ?= http://127.0.0.1:$(PORT)
run: $(STAMPS)/base $(STAMPS)/frontend ## Run with demo data on http://127.0.0.1:8000 (PORT= to change)
	@scripts/frontend || echo "not built: the look of the pages and the scanner of /verify/; all else works"
	@$(PY) manage.py compilemessages --verbosity 0
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py sync_roles
	@$(PY) manage.py load_codes
	@$(PY) manage.py rotate_issuer_key --if-missing
	@$(PY) manage.py seed_demo
	@$(PY) manage.py run_imports & workers=$$!; $(PY) manage.py send_notices & workers="$$workers $$!"; \
		trap 'kill $$workers 2>/dev/null' EXIT INT TERM; \
		$(PY) manage.py runserver 127.0.0.1:$(PORT)

test: $(STAMPS)/test $(STAMPS)/frontend ## Run all tests on SQLite and on MariaDB (ARGS='-k word' for some)
	@PYTHON=$(PY) scripts/test $(ARGS)

tour: $(STAMPS)/test $(STAMPS)/frontend ## Take the pictures of every page for docs/tour.md (ARGS=clinic for some)
	@scripts/system_packages browser
	@scripts/frontend
	@$(PY) -m tests.tour $(ARGS)

fuzz: $(STAMPS)/test ## Send 10,000 requests by chance to the API as each role (ARGS='500 dba')
	@$(PY) -m tests.fuzz $(ARGS)

mutations: $(STAMPS)/test ## Change valid codes a million times: none may pass (ARGS='5000')
	@$(PY) -m tests.mutations $(ARGS)

messages: export VAXPASS_MODE := development
messages: $(STAMPS)/base ## Bring locale/ up to date with the texts in the code (needs GNU gettext)
	@command -v xgettext >/dev/null || { echo "install GNU gettext, Debian's package gettext"; exit 1; }
	@$(PY) manage.py makemessages --verbosity 0
	@$(PY) manage.py compilemessages --verbosity 0

lint: export VAXPASS_MODE := development
lint: $(STAMPS)/lint ## Check style, types, layers and migrations
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run

fmt: $(STAMPS)/lint ## Format the code and fix what can be fixed
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

bench: export VAXPASS_MODE := development
bench: $(STAMPS)/production $(STAMPS)/test ## Measure the hot paths on a private MariaDB and Redis
	@status=0; \
	$(PY) -m tests.bench.credentials || status=1; \
	scripts/frontend && $(PY) -m tests.bench.pages || status=1; \
	scripts/with_services $(PY) -m tests.bench.audit || status=1; \
	scripts/with_services sh -c 'status=0; for part in import_doses admin_pages visible api guessing; do \
		$(PY) -m tests.bench.$$part || status=1; done; exit $$status' || status=1; \
	exit $$status

services: ## Run a private MariaDB and Redis under var/ and print their URLs
	@scripts/system_packages services
	@$(PYTHON) scripts/services.py serve

services-stop: ## Stop what `make services` started
	@$(PYTHON) scripts/services.py stop

# The full production set first; the others take their versions from it. What exists is kept;
# `make lock UPGRADE=--upgrade` moves to new versions.
UPGRADE ?=
lock: $(STAMPS)/lint ## Compile requirements/*.in (UPGRADE=--upgrade for new versions)
	$(UV) $(UPGRADE) requirements/production.in -o requirements.txt
	$(UV) $(UPGRADE) requirements/base.in -c requirements.txt -o requirements/base.txt
	$(UV) $(UPGRADE) requirements/frontend.in -o requirements/frontend.txt
	$(UV) $(UPGRADE) requirements/ldap.in -o requirements/ldap.txt
	$(UV) $(UPGRADE) requirements/test.in -o requirements/test.txt
	$(UV) $(UPGRADE) requirements/lint.in -o requirements/lint.txt

clean: ## Remove caches and static copies, never data
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache var/static var/tests

# ---------------------------------------------------------------------------------- Installing

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"VaxPass needs Python 3.11 or later; name one with PYTHON=")'
	@$(PYTHON) -m venv $(VENV)

# A stamp is younger than its list as long as the list is installed.
$(STAMPS)/base: requirements/base.txt | $(PY)
	@$(PIP) --only-binary :all: -r $<
	@mkdir -p $(@D) && touch $@

# Node comes as a wheel: nobody needs to be root. Without it, one on the PATH will do.
$(STAMPS)/frontend: requirements/frontend.txt | $(PY)
	@$(PIP) --only-binary :all: -r $< || command -v npm >/dev/null
	@mkdir -p $(@D) && touch $@

$(STAMPS)/test: requirements/test.txt | $(PY)
	@$(PIP) -r $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/lint: requirements/lint.txt | $(PY)
	@$(PIP) -r $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/production: requirements.txt | $(PY)
	@scripts/system_packages driver services
	@$(PIP) -r $<
	@mkdir -p $(@D) && touch $@
