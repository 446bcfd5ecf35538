# The only entry points that a newcomer needs: make run, make test. They install what they use into this folder.
UV_VERSION := 0.13.9
UV := $(CURDIR)/.ratchet/uv/bin/uv
RATCHET := $(CURDIR)/.venv/bin/ratchet
SYNC := sync --quiet --locked --compile-bytecode
# Its commands contain the path of this folder: after a copy or a move the environment is made again.
DISPLACED := $(if $(wildcard .venv/bin/ratchet),$(if $(shell grep -lF '$(CURDIR)/.venv' .venv/bin/ratchet),,displaced))

# The bot's environment knows this folder's ratchet_bot by its path.
BOT_DISPLACED := $(if $(shell grep -LF 'file://$(CURDIR)/ratchet_bot"' \
	bot/.venv/lib/python3*/site-packages/ratchet_bot-*.dist-info/direct_url.json 2>/dev/null),displaced)

# Else each command that a test starts compiles the same files again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run up test test-fast test-core test-bot test-e2e test-engines test-bot-engines test-long check audit reference site stop displaced

help: ## Say what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

run: setup ## Do the main job once on the example: retrain, gate, release, verify
	@$(RATCHET) seed examples/helpdesk/data
	@$(RATCHET) retrain --trigger "make run"

up: setup ## Start the service: schedules, triggers and the web pages
	@$(RATCHET) up

# A run of tests, whose record .ci/seconds.py reads: $(1) is its name, $(2) the command.
define tests
	@mkdir -p .ratchet/tests && rm -f .ratchet/tests/$(1).*
	@($(2) --junitxml=$(CURDIR)/.ratchet/tests/$(1).xml); code=$$?; .venv/bin/python .ci/seconds.py $(1); exit $$code
endef

test: test-fast test-e2e ## Run the fast tests, and one proof of each promise on real engines

test-fast: setup ## Run the tests that need no engine, the orchestrator's beside the bot's: two minutes
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-core test-bot

test-core: setup ## Run the orchestrator's tests that need no engine
	$(call tests,fast,.venv/bin/pytest -m "not e2e and not long" --ignore tests/e2e --numprocesses auto --dist loadfile)

test-bot: setup ## Run the bot's tests, in its own environment
	$(call tests,bot,cd ratchet_bot && ../bot/.venv/bin/python -m pytest -m "not e2e and not long")

test-e2e: setup ## Run the tests on real engines, the orchestrator's beside the bot's
	@$(MAKE) --no-print-directory --jobs 2 test-engines test-bot-engines

test-engines: setup ## Run the orchestrator's: those that share the Docker engine beside the others
	$(call tests,engines,.venv/bin/pytest -m "e2e and not long" --numprocesses 2 --dist loadscope -vv)

test-bot-engines: setup ## Run the bot's on real engines: servers, Redis
	$(call tests,bot-engines,cd ratchet_bot && ../bot/.venv/bin/python -m pytest -m "e2e and not long")

test-long: setup ## Run what make test leaves out: every kill, fault and page, thousands of inputs (see CONTRIBUTING.md)
	$(call tests,long,.venv/bin/pytest -m long --numprocesses 2 --dist loadscope -vv)
	$(call tests,long-fuzz,RATCHET_LONG=1 .venv/bin/pytest tests/fuzz tests/domain --numprocesses 2)
	$(call tests,long-bot,cd ratchet_bot && ../bot/.venv/bin/python -m pytest -m long)
	$(call tests,long-fuzz-bot,cd ratchet_bot && RATCHET_LONG=1 ../bot/.venv/bin/python -m pytest tests/test_fuzz.py)

check: setup ## Format, lint, types, layers, dependencies, dead code, the workflow files and known weaknesses
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry ratchet flows tasks
	.venv/bin/vulture
	.venv/bin/zizmor --offline --no-progress --quiet .github/workflows
	.venv/bin/python .ci/words.py
	.venv/bin/python .ci/audit.py

audit: setup ## Ask whether locked versions have known weaknesses (part of check; AUDIT=required insists)
	.venv/bin/python .ci/audit.py

reference: setup ## Write the reference pages under docs/reference from the code
	.venv/bin/python -m tests.docs.reference

site: $(UV) ## Build the documentation as a site in .ratchet/site, with every link checked
	$(UV) run --quiet --locked --isolated --only-group docs mkdocs build

stop: ## Stop everything that runs in the background
	@$(RATCHET) stop

setup: .venv/.synced bot/.venv/.synced ## Install both environments (make run does it too)

$(UV):
	@echo "Installing uv $(UV_VERSION) into .ratchet/uv …"
	@python3 -m venv .ratchet/uv
	@.ratchet/uv/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: $(UV) uv.lock pyproject.toml $(DISPLACED)
	@echo "Installing the orchestrator's environment (about 1.4 GB) …"
	@$(if $(DISPLACED),rm -rf .venv)
	@$(UV) $(SYNC)
	@touch $@

bot/.venv/.synced: $(UV) bot/uv.lock bot/pyproject.toml bot/.python-version ratchet_bot/pyproject.toml $(BOT_DISPLACED)
	@echo "Installing the bot's environment, Rasa without TensorFlow (about 0.5 GB) …"
	@cd bot && $(UV) $(SYNC)
	@.venv/bin/ratchet encoder fetch --optional || true
	@touch $@
