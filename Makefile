# All that a person does with this project. `make run` needs Python 3.11 or newer, and make; the rest is fetched.

PYTHON ?= python3
STAGE ?= prod
SEEDS ?= 1000
ARGS ?=
EXAMPLES ?= 50

BIN := .venv/bin
AUDIT := .venv-audit/bin
STACK = gpu-shopper-$(STAGE)
LOCAL := .venv/local-installed
DEV := .venv/dev-installed
BROWSER := .venv/browser-installed
FUZZER := .venv/fuzz/bin/schemathesis
SECURITY := .venv/security/bin
MUTMUT := .venv/mutants/bin/mutmut
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check install
# npm's own mark of a finished installation
ENGINE := node_modules/.package-lock.json

.PHONY: run test check bench simulate mutants races drill page browser fuzz package lock clean \
  deploy secrets operatorkey undeploy audit

# Everything local, in the foreground, until Ctrl-C. It dies with make, even when that is killed.
run: $(LOCAL) $(ENGINE)
	@exec $(BIN)/python -m local --tied-to $$PPID

# The whole suite on all cores, or what ARGS says: make test ARGS='tests/local -k queue'
test: $(DEV) $(ENGINE)
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(ARGS)

check: $(DEV) $(SECURITY)/bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck --shell=sh chalicelib/node/agent.sh
	$(BIN)/python .ci/docs.py
	$(BIN)/python .ci/rules.py
	$(SECURITY)/bandit --quiet --recursive --severity-level medium app.py chalicelib cli deploy local
	$(SECURITY)/python .ci/secrets.py
	@$(SECURITY)/python .ci/audit.py
	@$(BIN)/python -m deploy template --stage $(STAGE) --out out/check
	$(BIN)/cfn-lint --template out/check/sam.json

bench: $(DEV) $(ENGINE)
	@$(BIN)/python -m bench

# The deterministic simulation: make simulate SEEDS=1000 FROM=0 FAULTS=high LAYERS=janitor WIRE=all JOBS=2
simulate: $(DEV)
	@$(BIN)/python -m tests.simulation SEEDS=$(SEEDS) FROM=$(FROM) FAULTS=$(FAULTS) LAYERS=$(LAYERS) WIRE=$(WIRE) JOBS=$(JOBS)

# Mistakes put into the rules, one at a time, and which of them no test finds: make mutants SAMPLE=600 SEED=3.
# SAMPLE=all takes hours.
mutants: $(DEV) $(ENGINE) $(MUTMUT)
	@.venv/mutants/bin/python -m tests.mutants SAMPLE=$(SAMPLE) SEED=$(SEED) JOBS=$(JOBS)

# Callers against each other on real engines, each race 200 times.
races: $(DEV) $(ENGINE)
	@RACES=200 $(BIN)/python -m pytest tests/store/test_races_again_and_again.py $(ARGS)

# The whole local stack against nasty markets: prints the safety scoreboard. It takes a few minutes.
drill: $(LOCAL) $(ENGINE)
	@$(BIN)/python -m local.drill $(ARGS)

# The web page in a real browser, if the system has one (Debian: apt install chromium). `make test` does it as well once
# `make browser` has brought the driver, and skips it otherwise.
browser: $(BROWSER)
page: $(DEV) $(ENGINE) $(BROWSER)
	@$(BIN)/python -m pytest tests/stack/test_page.py $(ARGS)

# What the API's description allows, and much that it does not, sent to the local stack with a key of each role.
fuzz: $(DEV) $(ENGINE) $(FUZZER)
	@$(BIN)/python -m tests.fuzz $(FUZZER) --examples $(EXAMPLES) $(ARGS)

# out/sam.json and out/deployment.zip
package: $(DEV)
	@rm -rf out
	@$(BIN)/python -m deploy package --stage $(STAGE) --out out

# From here to `undeploy`: with rights in an AWS account, see docs/deploy.md. `deploy` needs the AWS CLI and a bucket:
# make deploy STAGE=prod BUCKET=my-bucket PARAMETERS='AlarmEmail=me@example.com'
deploy: package secrets
	@test -n "$(BUCKET)" || { echo "make deploy needs a bucket in the stack's region: BUCKET=my-bucket" >&2; exit 1; }
	aws cloudformation package --template-file out/sam.json --s3-bucket $(BUCKET) --s3-prefix $(STACK) \
	  --use-json --output-template-file out/packaged.json >/dev/null
	parameters=$$($(BIN)/python -m deploy prepare --stage $(STAGE) --parameters '$(PARAMETERS)') && \
	aws cloudformation deploy --stack-name $(STACK) --template-file out/packaged.json --capabilities CAPABILITY_IAM \
	  --s3-bucket $(BUCKET) --s3-prefix $(STACK) --no-fail-on-empty-changeset \
	  $${parameters:+--parameter-overrides $$parameters}
	aws cloudformation describe-stacks --stack-name $(STACK) --output text \
	  --query "Stacks[0].Outputs[?OutputKey=='EndpointURL'].OutputValue"

# The signing keys and the pepper, made once and never replaced.
secrets: $(DEV)
	@$(BIN)/python -m deploy secrets --stage $(STAGE)

operatorkey: $(DEV)
	@$(BIN)/python -m deploy operator-key --stage $(STAGE)

# Refuses while sessions live. The table and its backups stay, and so does whatever lies in SSM.
undeploy: $(DEV)
	@$(BIN)/python -m deploy live --stage $(STAGE)
	aws cloudformation delete-stack --stack-name $(STACK)
	aws cloudformation wait stack-delete-complete --stack-name $(STACK)
	@$(BIN)/python -m deploy live --stage $(STAGE)  # somebody may have been quicker: then their machines need a hand

# Slow, and asks the network: what others know about our template, and, or it fails, about every package on Lambda.
audit: $(DEV) $(SECURITY)/bandit $(AUDIT)/checkov
	$(BIN)/python -m deploy template --stage $(STAGE) --out out/check
	$(AUDIT)/checkov --config-file deploy/checkov.yaml --file out/check/sam.json
	$(SECURITY)/python .ci/audit.py --strict

# Writes the lock files anew from requirements/*.in. What runs on Lambda decides, the rest agrees with it.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
lock: $(DEV)
	$(PIP) uv
	$(LOCK) requirements/lambda.in -o requirements.txt
	$(LOCK) -c requirements.txt requirements/local.in -o requirements/local.txt
	$(LOCK) -c requirements/local.txt requirements/dev.in -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt requirements/node.in -o requirements/node.txt
	$(LOCK) -c requirements-dev.txt requirements/browser.in -o requirements/browser.txt
	$(LOCK) -c requirements-dev.txt requirements/mcp.in -o requirements/mcp.txt
	$(LOCK) requirements/fuzz.in -o requirements/fuzz.txt
	$(LOCK) requirements/security.in -o requirements/security.txt
	$(LOCK) requirements/audit.in -o requirements/audit.txt
	$(LOCK) -c requirements-dev.txt requirements/mutants.in -o requirements/mutants.txt

# The local state in .local stays: there may be machines behind it.
clean:
	rm -rf .venv .venv-audit node_modules mutants out build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.local/*' -prune -exec rm -rf {} +

# Compiling all of what pip installs takes longer than installing it, and most of it is never imported: instead, import
# once what `make run` needs.
$(LOCAL): requirements/local.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This needs Python 3.11 or newer, and '$(PYTHON)' is not: try make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making .venv (once; less than a minute)"
	@$(PYTHON) -m venv --clear .venv >/dev/null || { \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PIP) --no-compile --require-hashes -r requirements/local.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'import boto3, chalice.cli.factory, chalice.local, pynamodb.models, \
	  aws_lambda_powertools.logging.formatter, moto.server, moto.sqs.responses, moto.sns.responses, moto.ssm.responses'
	@touch $@

$(DEV): requirements-dev.txt requirements/mcp.txt $(LOCAL)
	@echo "Adding what tests and checks need (once)"
	@$(PIP) --no-compile --require-hashes -r requirements-dev.txt
	@$(PIP) --no-compile --require-hashes -r requirements/mcp.txt
	@touch $@

$(BROWSER): requirements/browser.txt $(DEV)
	@$(PIP) --no-compile --require-hashes -r requirements/browser.txt
	@touch $@

$(SECURITY)/bandit: requirements/security.txt $(LOCAL)
	@$(PYTHON) -m venv --clear .venv/security
	@$(SECURITY)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/security.txt
	@touch $@

$(AUDIT)/checkov: requirements/audit.txt
	@$(PYTHON) -m venv --clear .venv-audit
	@$(AUDIT)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/audit.txt
	@touch $@

$(FUZZER): requirements/fuzz.txt $(LOCAL)
	@$(PYTHON) -m venv --clear .venv/fuzz
	@.venv/fuzz/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/fuzz.txt
	@touch $@

$(MUTMUT): requirements/mutants.txt $(LOCAL)
	@$(PYTHON) -m venv --clear .venv/mutants
	@.venv/mutants/bin/python -m pip --quiet --disable-pip-version-check install --no-compile --require-hashes \
	  -r requirements-dev.txt
	@.venv/mutants/bin/python -m pip --quiet --disable-pip-version-check install --no-compile --require-hashes \
	  -r requirements/mutants.txt

# Without the engine everything works but forgets: `make run` says so, loudly, and the tests that need it are skipped.
$(ENGINE): package.json package-lock.json | $(LOCAL)
	@echo "Fetching the state engine"
	@npm ci --silent >/dev/null 2>&1 || { \
	    echo "npm is missing or failed: taking one from a Python package"; \
	    $(PIP) --require-hashes -r requirements/node.txt && \
	    PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent >/dev/null; } || \
	  echo "!! No state engine: local state will be kept in memory only" >&2
