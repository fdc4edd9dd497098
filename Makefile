# make demo: search, export and check a model of digits for an Arduino, in five minutes.
# make test: all but what is slow by its nature.
# make test-all: everything, what the next three run included; what CI runs.
# make test-postgres: sweeps on a real PostgreSQL (apt-get install postgresql; it need not run).
# make test-browser: report.html in a real one (apt-get install chromium).
# make test-arm64: a preset of each family in LiteRT for Arm, bit for bit as here (`make arm64`).
# make soak: 200 processes of sweeps are killed, half an hour; KILLS=20, SOAK=--postgres.
# make bench: our int8 files beside the stock converter's, ai-edge-quantizer's, ONNX Runtime's.
# make bench-sweep: our search beside stock KerasTuner, 45 minutes on two idle cores; SWEEP=--help.
# make arm64: what --targets arm64 needs on a machine that is no Arm, into the cache; MIRROR=URL.
# make docs: the site, in docs/_build.
# All make .venv first, with what they need, and leave it alone when it is right.

PYTHON ?= python3
BIN := .venv/bin
# XLA compiles each small model anew: a third of that time is optimizing what runs for milliseconds.
# One thread a worker: two workers that both take both cores spend their time waiting.
PYTEST := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
	XLA_FLAGS=--xla_backend_optimization_level=0 \
	$(BIN)/python -m pytest -n 2 --dist worksteal -q
# JAX compiles for half of its time: what it has compiled, it finds in the next run.
COMPILED := JAX_COMPILATION_CACHE_DIR=$(CURDIR)/.venv/jax \
	JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1

KILLS := 200
SOAK :=
SWEEP :=
MIRROR :=

.PHONY: install install-dev demo test test-all test-backends test-postgres test-browser soak arm64 test-arm64 bench bench-sweep docs lint format clean

install: .venv/core

install-dev: .venv/dev

demo: .venv/core
	$(BIN)/pocketzoo run digits --device arduino-nano-33-ble-sense --minutes 5 --out runs/demo

test: CHOSEN := -m "not slow"
test: test-backends

test-all: CHOSEN :=
test-all: test-backends test-postgres test-browser test-arm64

test-backends: .venv/dev
	KERAS_BACKEND=torch $(PYTEST) $(CHOSEN) tests --ignore=tests/postgres --ignore=tests/browser \
		--ignore=tests/arm64
	KERAS_BACKEND=jax $(COMPILED) $(PYTEST) $(CHOSEN) tests/backend
	KERAS_BACKEND=tensorflow $(PYTEST) $(CHOSEN) tests/backend

test-postgres: .venv/dev
	KERAS_BACKEND=torch $(PYTEST) tests/postgres

test-browser: .venv/dev
	KERAS_BACKEND=torch $(PYTEST) -n 0 tests/browser

arm64: .venv/core
	$(BIN)/python -m export.runtimes.arm64_setup $(MIRROR)

test-arm64: .venv/dev arm64
	KERAS_BACKEND=torch $(PYTEST) -n 0 tests/arm64

soak: .venv/dev
	OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=torch \
		$(BIN)/python -m tests.helpers.soak --kills $(KILLS) $(SOAK)

bench: .venv/bench
	OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow $(BIN)/python -m benchmarks.export

# torch compiles nothing: small trials take the least time there, for stock as for us
bench-sweep: .venv/dev
	TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=$(or $(KERAS_BACKEND),torch) $(BIN)/python -m benchmarks.sweep $(SWEEP)

docs: .venv/docs
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m sphinx -q -W --keep-going docs docs/_build

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases benchmarks

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv runs build docs/_build docs/generated *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "pocketzoo needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv || { $(PYTHON) -m pip install virtualenv && $(PYTHON) -m virtualenv .venv; }

.venv/core: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/dev: .venv/core
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,jax,torch,targets,postgres]'
	touch $@

.venv/docs: .venv/dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

.venv/bench: .venv/core
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench,targets]'
	touch $@
