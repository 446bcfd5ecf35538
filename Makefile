# The only entry points that a newcomer needs: make run, make test. They install what they use into this folder.
UV_VERSION := 0.13.9
UV := $(CURDIR)/.ratchet/uv/bin/uv
RATCHET := $(CURDIR)/.venv/bin/ratchet
SYNC := sync --quiet --locked --compile-bytecode

.DEFAULT_GOAL := help
.PHONY: help setup run up test test-fast test-e2e check audit stop

help: ## Say what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

run: setup ## Do the main job once on the example: retrain, gate, release, verify
	@$(RATCHET) seed examples/helpdesk/data
	@$(RATCHET) retrain --trigger "make run"

up: setup ## Start the service: schedules, triggers and the web pages
	@$(RATCHET) up

test: setup test-fast test-e2e ## Run the whole suite; real engines where there are any

test-fast: setup ## Run the fast tests, of the orchestrator and of the bot
	.venv/bin/pytest -m "not e2e and not long" --numprocesses auto --dist loadfile
	cd bot && .venv/bin/python -m pytest -m "not long"

test-e2e: setup ## Run the tests on real engines: those that share the Docker engine beside the others, if there are cores
	.venv/bin/pytest -m "e2e and not long" --numprocesses $$(test "$$(nproc 2>/dev/null || echo 1)" -ge 4 && echo 2 || echo 1) --dist loadscope -vv

check: setup ## Format, lint, types, the layers and known weaknesses
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python .ci/audit.py

audit: setup ## Ask whether locked versions have known weaknesses (part of check; AUDIT=required insists)
	.venv/bin/python .ci/audit.py

stop: ## Stop everything that runs in the background
	@$(RATCHET) stop

setup: .venv/.synced bot/.venv/.synced ## Install both environments (make run does it too)

$(UV):
	@echo "Installing uv $(UV_VERSION) into .ratchet/uv …"
	@python3 -m venv .ratchet/uv
	@.ratchet/uv/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: $(UV) uv.lock pyproject.toml
	@echo "Installing the orchestrator's environment (about 1.4 GB) …"
	@$(UV) $(SYNC)
	@touch $@

bot/.venv/.synced: $(UV) bot/uv.lock bot/pyproject.toml
	@echo "Installing the bot's environment, Rasa without TensorFlow (about 0.6 GB) …"
	@cd bot && $(UV) $(SYNC)
	@touch $@
