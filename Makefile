# Everything a newcomer needs: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
IVR = .venv/bin/ivr
# Calls mostly wait for each other to finish speaking: more at once than there are cores.
JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup run test demo chat bench check lint format clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 14

setup:  ## environments, Debian packages (where allowed), models; nothing is started
	@$(PYTHON) deploy/bootstrap.py

run: setup  ## set up and start the service; prints what to dial
	@$(IVR) serve

demo: setup  ## place a real call to a service of its own and print the conversation
	@$(IVR) demo

chat: setup  ## talk to the assistant by text
	@$(IVR) chat

check: setup  ## print the effective configuration and try every part
	@$(IVR) check

test:  ## set up and run the whole test suite
	@$(PYTHON) deploy/bootstrap.py --test
	.venv/bin/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint:  ## what CI checks beside the tests
	@$(PYTHON) deploy/bootstrap.py --test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format:  ## put the code into the project's style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup  ## measure latency, CPU, memory, and a sample of turn-taking (16 minutes)
	@$(IVR) bench --write docs/benchmarks.md
	@$(IVR) bench turns --sample 24 --baseline ''

clean:  ## remove everything that set-up and service made
	rm -rf .venv .venv-rasa var models/rasa models/asr
