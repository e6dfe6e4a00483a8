# Needs Python >= 3.11, make and git. Everything else is pinned and hash-checked in requirements/.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
.DEFAULT_GOAL := help
.PHONY: help demo test lint soak bench schema reference pictures lock clean

help:            ## what can be made
	@grep -E '^[a-z]+: .*##|^[a-z]+:  *##' Makefile | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 18

demo: .venv/run  ## the whole story against stand-ins of three CRMs, in a screenful
	$(BIN)/connector demo

test: .venv/dev  ## the tests (PostgreSQL and Chromium tests run where those are present)
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/dev  ## style, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: .venv/dev  ## 1,000 kills at seeded random boundaries, alone and with faults
	$(BIN)/python -m tests.kill.soak

bench: .venv/dev ## the speed and the calls, against the figures promised
	$(BIN)/python -m tests.bench

schema: .venv/dev ## renew config/nps.schema.json from the settings models
	$(BIN)/python -m connector.config.schema > config/nps.schema.json

reference: .venv/dev ## renew docs/configuration.md from the settings models
	$(BIN)/python -m connector.config.reference > docs/configuration.md

pictures: .venv/dev ## renew docs/pictures from real output (needs Debian's chromium)
	$(BIN)/python docs/pictures.py

lock:            ## renew the locks (needs uv)
	sh requirements/lock.sh --upgrade

clean:           ## remove what the other targets made
	rm -rf .venv build *.egg-info

# dev.lock is a superset of run.lock, so whichever came first stays valid.
.venv/run: requirements/run.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -e .venv/dev || $(PIP) --require-hashes -r requirements/run.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: requirements/dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements/dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@ .venv/run
