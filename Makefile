# All that a person does with this project. `make run` needs Python 3.11 or newer, and make; the rest is fetched.

PYTHON ?= python3
STAGE ?= prod
SEEDS ?= 1000
ARGS ?=

BIN := .venv/bin
LOCAL := .venv/local-installed
DEV := .venv/dev-installed
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check install
# npm's own mark of a finished installation
ENGINE := node_modules/.package-lock.json

.PHONY: run test check bench simulate package lock clean

# Everything local, in the foreground, until Ctrl-C. It dies with make, even when that is killed.
run: $(LOCAL) $(ENGINE)
	@exec $(BIN)/python -m local --tied-to $$PPID

# The whole suite, or what ARGS says: make test ARGS='tests/local -k queue'
test: $(DEV) $(ENGINE)
	@$(BIN)/python -m pytest $(ARGS)

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/docs.py

bench: $(DEV) $(ENGINE)
	@$(BIN)/python -m bench

simulate: $(DEV)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS)

# Chalice packs whatever lies below chalicelib/, so nothing compiled may lie there, nor be made while it imports the app.
package: $(DEV)
	@rm -rf out && find chalicelib -name __pycache__ -prune -exec rm -rf {} +
	PYTHONDONTWRITEBYTECODE=1 $(BIN)/chalice package --stage $(STAGE) out/

# Writes the lock files anew from the .in files.
lock: $(DEV)
	$(PIP) uv
	pins=; for name in requirements requirements-local requirements-dev requirements-node; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
	    $$pins $$name.in -o $$name.txt || exit 1; pins="$$pins -c $$name.txt"; \
	done

# The local state in .local stays: there may be machines behind it.
clean:
	rm -rf .venv node_modules out build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.local/*' -prune -exec rm -rf {} +

# Compiling all of what pip installs takes longer than installing it, and most of it is never imported: instead, import
# once what `make run` needs.
$(LOCAL): requirements-local.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This needs Python 3.11 or newer, and '$(PYTHON)' is not: try make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making .venv (once; less than a minute)"
	@$(PYTHON) -m venv --clear .venv >/dev/null || { \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PIP) --no-compile --require-hashes -r requirements-local.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'import boto3, chalice.cli.factory, chalice.local, pynamodb.models, \
	  aws_lambda_powertools.logging.formatter, moto.server, moto.sqs.responses, moto.sns.responses, moto.ssm.responses'
	@touch $@

$(DEV): requirements-dev.txt $(LOCAL)
	@echo "Adding what tests and checks need (once)"
	@$(PIP) --no-compile --require-hashes -r requirements-dev.txt
	@touch $@

# Without the engine everything works but forgets: `make run` says so, loudly, and the tests that need it are skipped.
$(ENGINE): package.json package-lock.json | $(LOCAL)
	@echo "Fetching the state engine"
	@npm ci --silent >/dev/null 2>&1 || { \
	    echo "npm is missing or failed: taking one from a Python package"; \
	    $(PIP) --require-hashes -r requirements-node.txt && \
	    PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent >/dev/null; } || \
	  echo "!! No state engine: local state will be kept in memory only" >&2
