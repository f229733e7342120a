# make demo: set up and run the built-in study.  make test: set up and test (make test-fast: in under two minutes).
# make lint, make bench, make docs.

PYTHON ?= python3
VENV ?= .venv
CORES ?= all
TEST_PROCESSES ?= 3
FAST_TEST_PROCESSES ?= 2
BIN := $(VENV)/bin

.PHONY: demo test test-fast lint bench docs format clean
.DEFAULT_GOAL := demo

demo: $(VENV)/ready
	$(BIN)/snakemake --cores $(CORES)
	@echo "Open results/report/index.html"

# Three processes for two cores: one of them mostly waits (for SLURM, for runs that are killed, for a hub that is busy).
# Tests that run a whole workflow give it two cores themselves. A file's tests stay in one process.
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder

test: $(VENV)/ready-dev
	$(PYTEST) -n $(TEST_PROCESSES) --durations=40

# Unit tests without those of tests/slow_tests.txt: no SLURM, no server of a hub, no browser, no whole workflow.
test-fast: $(VENV)/ready-dev
	$(PYTEST) -n $(FAST_TEST_PROCESSES) tests/unit -m "not slow"

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

format: $(VENV)/ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

bench: $(VENV)/ready-dev
	for script in $(filter-out benchmarks/gpu.py,$(wildcard benchmarks/*.py)); do \
		$(BIN)/python $$script || exit 1; \
	done

# The JSON schema and the page of options, from the typed schema of the configuration.
docs: $(VENV)/ready
	PYTHONPATH=scripts $(BIN)/python -m keepfaith.config.reference

clean:
	rm -rf results/*/ logs .snakemake

# Commands of pip and Snakemake break at a blank in the environment's path, and at a brace in this folder's.
.PHONY: place
place:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "keepfaith needs Python 3.11 or newer: make demo PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -P scripts/keepfaith/config/places.py "$(VENV)"

$(VENV)/bin/python: | place
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: envs/requirements.txt | place $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r envs/requirements.txt
	touch $@

$(VENV)/ready-dev: envs/requirements-dev.txt $(VENV)/ready | place
	$(BIN)/pip install --quiet --disable-pip-version-check -r envs/requirements-dev.txt
	touch $@
