# make demo   pictures, targets and a page from a sample scan, in out/demo
# make test   the tests
# Both set up .venv by themselves the first time, which needs a package index; afterwards they work offline.

# the first Python that is new enough and can make environments
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
    "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
    && echo "$$p" && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SAMPLE ?= sample_data/ts50_casing.h5
DEMO := out/demo
# a process for each core, each file's tests in one of them; `make test PYTEST_ARGS="-n 0"` runs all in one
SPREAD := -n logical --dist loadfile
PYTEST_ARGS ?=
GATE_ARGS ?=
CAMPAIGN_ARGS ?=
FUZZ_ARGS ?=
KILLS_ARGS ?=
# the tests of reading, processing, writing and serving; the others need browsers, GDAL or days
OLDEST := tests/io tests/chain tests/recipe tests/fusion tests/gpr tests/emi tests/render/files tests/cli tests/app/test_server.py

# exact versions of all that is installed, as continuous integration uses them: make VERSIONS=locked
LOCK := .ci/constraints.txt
VERSIONS ?= newest
ifeq ($(VERSIONS),locked)
export PIP_CONSTRAINT := $(CURDIR)/$(LOCK)
export PIP_BUILD_CONSTRAINT := $(CURDIR)/$(LOCK)
endif

.PHONY: help demo test lint docs bench calibrate campaign fuzz kills picture lock oldest sbom licences release clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile
	@echo "make lint   format, lint, types, layers"
	@echo "make docs   this project's documentation, in out/docs/index.html"
	@echo "make bench  what a square metre, 100 of them and a batch cost, beside plain references and the revision before,"
	@echo "            and what a thirtieth of the campaign of faults finds; kept in benchmarks/history.json"
	@echo "make fuzz   24,000 spoilt inputs over all readers: no traceback, no crash, none over 10 s or 1 GiB"
	@echo "make kills  every command that writes, killed 1,000 times in all: its output is whole, or absent"
	@echo "make campaign  scans with mines, spoilt in every way known here: no mine may be missed with confidence (an hour)"
	@echo "make calibrate  the confidence model from simulated lanes, in calibration/ (hours; goes on where it stopped)"
	@echo "make lock   $(LOCK) anew: the newest versions that there are, which continuous integration then uses"
	@echo "make oldest tests with the oldest versions that pyproject.toml admits"
	@echo "make sbom, make licences  what is installed with this package, as CycloneDX and as a table, in out/"
	@echo "make release  wheel and source archive in out/release, built twice, with equal bytes; the wheel tried alone"
	@echo "make clean  remove .venv and everything made here"

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv and ensurepip is needed (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet --upgrade 'pip>=25.3'
	-$(PIP) uninstall --quiet --yes setuptools  # what Python 3.11 brings has known holes, and nothing here needs it

.venv/.installed: pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --editable .
	@touch $@

.venv/.installed-dev: pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@ .venv/.installed

# a kernel that is not compiled here is compiled when it is needed
.venv/.warm: .venv/.installed src/dualsense/runtime/kernels.json
	-$(BIN)/dualsense warm-up
	@touch $@

demo: .venv/.warm
	$(BIN)/dualsense process $(SAMPLE) -o $(DEMO) --overwrite

test: .venv/.installed-dev
	$(BIN)/python -m pytest $(SPREAD) $(PYTEST_ARGS)

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/.installed-dev
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html -d out/docs-cache docs out/docs

bench: .venv/.installed-dev
	$(BIN)/python -m benchmarks.references --json bench-out/references.json
	$(BIN)/python -m benchmarks.budget --json bench-out/budget.json --references bench-out/references.json
	$(BIN)/python -m benchmarks --json bench-out/bench.json
	$(BIN)/python -m benchmarks.areas 10 100 --cart --json bench-out/areas.json
	$(BIN)/python -m benchmarks.batches gain --scans 40 --json bench-out/batch.json
	-$(BIN)/python -m benchmarks.gate --json bench-out/gate.json $(GATE_ARGS)
	-$(BIN)/python -m benchmarks.campaign --every 30 --json bench-out/campaign-part.json
	$(BIN)/python -m benchmarks.history bench-out

calibrate: .venv/.installed-dev
	PYTHONPATH=. $(BIN)/python -m benchmarks.calibrate out/calibrate
	PYTHONPATH=. $(BIN)/python -m benchmarks.calibrate out/calibrate --sealed 420 --skip 1120

fuzz: .venv/.installed-dev
	$(BIN)/python -m benchmarks.io.fuzz --inputs 24000 $(FUZZ_ARGS)

kills: .venv/.installed-dev
	$(BIN)/python -m benchmarks.io.verbs --kills 1000 $(KILLS_ARGS)

campaign: .venv/.installed-dev
	$(BIN)/python -m benchmarks.campaign --json bench-out/campaign.json $(CAMPAIGN_ARGS)

picture: .venv/.installed-dev
	$(BIN)/python -m benchmarks.pictures docs/images

# nothing but this package and what it needs to process and to show
out/clean/.installed: pyproject.toml
	rm -rf out/clean
	$(PYTHON) -m venv out/clean
	out/clean/bin/python -m pip --disable-pip-version-check install --quiet --upgrade 'pip>=25.3'
	out/clean/bin/python -m pip --disable-pip-version-check install --quiet '.[app,fast]'
	-out/clean/bin/python -m pip uninstall --quiet --yes setuptools pip
	@touch $@

.venv/.installed-supply: pyproject.toml | .venv/.installed-dev
	$(PIP) install --quiet --editable '.[dev,supply]'
	@touch $@

sbom: out/clean/.installed .venv/.installed-supply
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON -o out/sbom.json out/clean/bin/python

licences: out/clean/.installed .venv/.installed-supply
	$(BIN)/pip-licenses --python out/clean/bin/python --from mixed --with-system --order license --format markdown --output-file out/licences.md

lock:
	rm -rf out/lock
	$(PYTHON) -m venv out/lock
	out/lock/bin/python -m pip --disable-pip-version-check install --quiet --upgrade 'pip>=25.3' hatchling
	-out/lock/bin/python -m pip uninstall --quiet --yes setuptools
	out/lock/bin/python -m pip --disable-pip-version-check install --quiet '.[dev]'
	{ echo '# made by make lock: all that continuous integration installs, in exactly these versions'; \
	  out/lock/bin/python -m pip --disable-pip-version-check freeze --all --exclude dualsense; } > $(LOCK).new
	mv $(LOCK).new $(LOCK)

# as a user with an old installation has it: what processing, its command line and the files need
oldest: | .venv/bin/python
	rm -rf out/oldest
	$(PYTHON) -m venv out/oldest
	out/oldest/bin/python -m pip --disable-pip-version-check install --quiet --upgrade 'pip>=25.3'
	$(PYTHON) -m benchmarks.floors app fast oldest > out/oldest/floors.txt
	out/oldest/bin/python -m pip --disable-pip-version-check install --quiet -r out/oldest/floors.txt
	out/oldest/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --editable .
	out/oldest/bin/python -m pytest -q -n logical --dist loadfile $(OLDEST)

release: .venv/.installed-dev
	$(BIN)/python -m benchmarks.release -o out/release --try-it

clean:
	rm -rf .venv out bench-out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
