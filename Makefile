# Each target does its own set-up: `make demo` and `make test` need only Python 3.10 to 3.13 with
# venv, make and git. The second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DATA := $(VENV)/.data
DEMO := build/demo
ENGINES := build/engines
OLDER_PYTHON ?= $(firstword $(foreach n,3.11 3.10,$(shell command -v python$(n))))

define older-python
test -n "$(MAKER)" || { echo "$(@D) needs Python 3.10 or 3.11: name one," \
	"OLDER_PYTHON=/path/to/python3.11" >&2; exit 4; }
endef
define install-locked
$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
	|| { echo "the packages in $< could not be installed; see above" >&2; exit 4; }; touch $@
endef

.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-arm64 test-machine test-legacy test-lowest check format lock bench bench-training soak engines clean

help:
	@echo "make demo       train, quantize, measure and run the camera's path on rendered scenes"
	@echo "make test       the tests, without the slow ones"
	@echo "make test-slow  the slow tests"
	@echo "make test-arm64  the wheel in emulated userlands of 64-bit Arm, 35 minutes"
	@echo "make test-machine  the service in whole emulated machines with a webcam"
	@echo "make test-legacy  the device's tests with the runtime of 32-bit Raspberry Pi OS"
	@echo "make test-lowest  the tests with the oldest packages that pyproject.toml allows"
	@echo "make check      format, lint, strict types, import contracts"
	@echo "make format     put the code in its format"
	@echo "make lock       remake requirements/*.txt"
	@echo "make bench      remake every page in benchmarks/, 20 minutes; PHOTOS=FOLDER: photos too"
	@echo "make bench-training  the same for how long training takes: an hour and more"
	@echo "make soak       200,000 camera frames with every output on: half an hour and more"
	@echo "make clean      remove everything these targets made"

demo: $(DATA)
	$(BIN)/python -m edgefmnist.cli.demo --out $(DEMO)

test: $(DATA)
	$(BIN)/python -m pytest -m "not slow and not arm64 and not machine" -n 2 --dist worksteal

test-slow: $(DATA)
	$(BIN)/python -m pytest -m slow -n 2 --dist worksteal

# The wheel in emulated userlands of Raspberry Pi OS's kind, all of SUITES on all of CORES, e.g.
# `make test-arm64 SUITES=bookworm CORES=cortex-a72`. Needs qemu-user-static, proot, mmdebstrap.
test-arm64: $(DATA)
	SUITES="$(SUITES)" CORES="$(CORES)" $(BIN)/python -m pytest -m arm64 -rA --durations=8 tests/device

# The service in whole emulated machines, SUITES side by side, e.g. `make test-machine SUITES=trixie
# CASES=unplug,powercut`; a case is the name of a file in tests/machine. Needs qemu-system-x86,
# qemu-utils, mmdebstrap and fakeroot; the images stay in build/machine.
test-machine: $(DATA)
	SUITES="$(SUITES)" CASES="$(CASES)" $(BIN)/python -m pytest -m machine -rA --durations=8 \
		-n 2 --dist loadgroup tests/machine
	$(BIN)/python -m tests.machine.figures

# The device's tests with the runtime of 32-bit Raspberry Pi OS, on this machine.
test-legacy: $(DATA) build/legacy/.installed
	PYTHONPATH="$(CURDIR)" build/legacy/bin/python -m pytest -m "not slow and not arm64 and not machine" -n 2 --dist worksteal -rs \
		tests/camera tests/doctor tests/environment tests/preprocess tests/runtime tests/service

# Every lower bound in pyproject.toml, the train extra's too.
test-lowest: $(DATA) build/lowest/.installed
	PYTHONPATH="$(CURDIR)" build/lowest/bin/python -m pytest -m "not slow and not arm64 and not machine" -n 2 --dist worksteal -rs

build/legacy/.installed build/lowest/.installed: MAKER = $(OLDER_PYTHON)
build/%/.installed: requirements/%.txt
	@$(older-python)
	$(MAKER) -m venv --clear $(@D)
	@$(install-locked)

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The smaller files hold the same versions as dev.txt, so that a device runs what was tested.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: $(INSTALLED)
	$(LOCK) pyproject.toml --upgrade --extra train --extra distributed --extra dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --upgrade --extra train -c requirements/dev.txt -o requirements/train.txt
	$(LOCK) pyproject.toml --upgrade -c requirements/dev.txt -o requirements/core.txt
	$(filter-out --universal,$(LOCK)) --python-platform x86_64-manylinux_2_35 --upgrade \
		requirements/legacy.in -o requirements/legacy.txt
	$(filter-out --universal,$(LOCK)) --python-platform x86_64-manylinux_2_35 --upgrade \
		--resolution lowest-direct pyproject.toml --extra train --extra distributed --extra web \
		--extra mqtt --extra dev -o requirements/lowest.txt
	$(LOCK) --upgrade -c requirements/dev.txt benchmarks/engines/requirements-modern.in \
		-o benchmarks/engines/requirements-modern.txt
	$(LOCK) --upgrade benchmarks/engines/requirements-legacy.in \
		-o benchmarks/engines/requirements-legacy.txt
	$(BIN)/python requirements/licences.py
	@! grep -nE 'https?://|file:|index-url|find-links' requirements/*.txt benchmarks/engines/*.txt

# Every page and plot in benchmarks/ but those of `bench-training`; leave the machine alone meanwhile.
bench: $(DATA) engines
	$(BIN)/python -m benchmarks.preprocess
	$(BIN)/python -m benchmarks.background
	$(BIN)/python -m benchmarks.scenes
	$(BIN)/edgefmnist bench tiny edge accurate --quick --out benchmarks/shipped.json.gz \
		--report benchmarks/shipped.html --plot benchmarks/pictures/shipped.png
	$(BIN)/python -m benchmarks.engines
	$(BIN)/python -m benchmarks.quantization
	$(BIN)/python -m benchmarks.frontier
	$(BIN)/python -m benchmarks.frontier.search
	$(BIN)/python -m benchmarks.training_step
	$(BIN)/python -m benchmarks.microcontrollers
	$(BIN)/python -m benchmarks.device
ifdef PHOTOS
	$(BIN)/python -m benchmarks.photos $(PHOTOS)
else
	@echo "benchmarks/photos.md stays as it is: name the photos with make bench PHOTOS=FOLDER"
endif

bench-training: $(DATA)
	$(BIN)/python benchmarks/time_to_accuracy.py

soak: $(DATA)
	$(BIN)/python -m benchmarks.soak

# The engines that `benchmarks/engines` compares. tflite-runtime ends at Python 3.11 and NumPy 1,
# so it has an environment of its own.
engines: $(ENGINES)/modern/.installed $(ENGINES)/legacy/.installed

$(ENGINES)/modern/.installed: MAKER = $(PYTHON)
$(ENGINES)/legacy/.installed: MAKER = $(OLDER_PYTHON)
$(ENGINES)/%/.installed: benchmarks/engines/requirements-%.txt
	@$(older-python)
	$(MAKER) -m venv --clear $(@D)
	@$(install-locked)

clean:
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(INSTALLED): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
		2>/dev/null || { echo "edgefmnist needs Python 3.10 to 3.13 and $(PYTHON) is not one;" \
		"install one and name it: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; exit 4; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module;" \
		"install it, on Debian with: sudo apt install python3-venv" >&2; exit 4; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/dev.txt || { echo "the packages in requirements/dev.txt could not be" \
		"installed; see above, and check the network" >&2; exit 4; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	@touch $@

$(DATA): $(INSTALLED)
	$(BIN)/edgefmnist data --fetch
	@touch $@
