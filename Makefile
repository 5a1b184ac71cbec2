# Countertop. Two commands do everything on a fresh machine:  make demo   make test
# PYTHON=/path/to/python3 chooses the interpreter, ARGS="..." goes to the command behind a target.

.DEFAULT_GOAL := help
.PHONY: help backends browser deb demo interop test check style types imports bench gallery format lock clean .venv
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALL := PYTHON="$(PYTHON)" sh requirements/install.sh $(VENV)
LOCKS := requirements/build.txt requirements/run.txt requirements/evdev.txt requirements/evdev-binary.txt
SOURCES := setup.cfg pyproject.toml requirements/install.sh

help:
	@echo "make demo     play a day at the counter: host and terminal, sales, a power cut, slips in demo-output/"
	@echo "make browser  the terminal in your browser, with everything around it that you would touch"
	@echo "make test     all tests"
	@echo "make check    style, types, import rules"
	@echo "make bench    measure start, memory and speed"
	@echo "make gallery  draw every screen and slip again (docs/gallery/)"
	@echo "make hardware-bench   the drivers' tests on real kernel devices, in a virtual machine"
	@echo "make backends the libraries for a TPM and for PKCS #11 tokens (gcc, pkg-config, libtss2-dev)"
	@echo "make interop  against programs that others built: jPOS, printers, readers, other Pythons and processors"
	@echo "make deb      a Debian package in dist/, with everything it needs"
	@echo "make .venv    only set up the environment; then: .venv/bin/countertop --help"
	@echo "make format   put the sources in the house's form"
	@echo "make lock     resolve requirements/*.in again (needs uv)"
	@echo "make clean    remove what these commands made"

# Installed sets, each noted by a stamp: nothing is done again until a list changes.
$(VENV)/run.stamp: $(LOCKS) $(SOURCES)
	@$(INSTALL) run
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/bench.txt requirements/dev.txt
	@$(INSTALL) bench dev
	@touch $@

$(VENV)/interop.stamp: $(VENV)/dev.stamp requirements/interop.txt
	@$(INSTALL) interop
	@touch $@

.venv: $(VENV)/dev.stamp

# Libraries of the vault's other backends: a TPM (compiled; gcc, pkg-config, libtss2-dev) and PKCS #11 tokens.
$(VENV)/backends.stamp: $(VENV)/dev.stamp requirements/tpm-build.txt requirements/tpm.txt requirements/pkcs11.txt
	@$(INSTALL) tpm-build tpm pkcs11
	@touch $@

backends: $(VENV)/backends.stamp

demo: $(VENV)/run.stamp
	@$(BIN)/countertop demo $(ARGS)

# The bench's library is in the environment for tests; a device's has none of it.
browser: $(VENV)/dev.stamp
	@$(BIN)/countertop bench $(ARGS)

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -n auto -q $(ARGS)

interop: $(VENV)/interop.stamp
	@COUNTERTOP_INTEROP=1 $(BIN)/python -m pytest -q $(or $(ARGS),tests/interop)

check: style types imports

style: $(VENV)/dev.stamp
	@$(BIN)/ruff check --config ruff.toml .

types: $(VENV)/dev.stamp
	@$(BIN)/mypy --config-file setup.cfg

imports: $(VENV)/dev.stamp
	@PYTHONPATH=. $(BIN)/lint-imports --config setup.cfg --no-logo

bench: $(VENV)/run.stamp
	@$(BIN)/countertop benchmark $(or $(ARGS),all)

gallery: $(VENV)/run.stamp
	@$(BIN)/countertop gallery $(ARGS)

deb: $(VENV)/dev.stamp
	@$(BIN)/python -m tools.deb $(ARGS)

hardware-bench: $(VENV)/dev.stamp
	@$(BIN)/python -m tools.hardware_bench $(ARGS)

format: $(VENV)/dev.stamp
	@$(BIN)/ruff check --config ruff.toml --select I --fix .
	@$(BIN)/ruff format --config ruff.toml .

lock:
	@cd requirements && for set in build run evdev evdev-binary bench dev tpm-build tpm pkcs11 interop peers fuzz; do \
	    uv pip compile -q $(ARGS) --universal --python-version 3.11 --generate-hashes --allow-unsafe \
	        --no-emit-index-url --no-header $$set.in -o $$set.txt || exit 1; \
	done
	@cd requirements && uv pip compile -q $(ARGS) --universal --python-version 3.13 --generate-hashes --allow-unsafe \
	    --no-emit-index-url --no-header interop-printer.in -o interop-printer.txt

clean:
	rm -rf $(VENV) build dist *.egg-info demo-output .peers .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
