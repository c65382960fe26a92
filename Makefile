# make demo    what it does, on a bundled capture      make check   ruff, mypy, all tests
# make test    all tests                               make bench   speed and memory (half an hour or more)
# make docs    the pages that are generated
#
# Each installs what is missing first: tshark and python3-venv from the distribution (Debian, Ubuntu; as root or with
# sudo, without questions), then the package in .venv, for all but the demo with its development tools (pandas, polars,
# Dask: some hundred megabytes). The second time there is nothing to do.

# The distribution's Python first: it is built with profile-guided optimization, which others often lack, and runs us a
# third faster
PYTHON ?= $(shell for python in /usr/bin/python3 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; done; echo python3)
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
SEED := tests/data/captures/seed-web.pcapng
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300

.PHONY: demo test check docs bench tshark clean
.DEFAULT_GOAL := demo

demo: $(VENV)/ready tshark
	@echo '$$ labdissect seed-web.pcapng -Y "frame.number < 4 || frame.number > 2121"'
	@$(VENV)/bin/labdissect $(SEED) -o table -Y 'frame.number < 4 || frame.number > 2121'
	@echo
	@echo '$$ tshark -r seed-web.pcapng -T ek | labdissect -o jsonl --only tcp.fin.ack-routine | head -1'
	@tshark -r $(SEED) -T ek 2>/dev/null | $(VENV)/bin/labdissect -o jsonl --only tcp.fin.ack-routine | head -1

test: $(VENV)/tools tshark
	$(VENV)/bin/python -m pytest

check: $(VENV)/tools tshark
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy -p labdissect
	$(VENV)/bin/mypy examples/*.py
	$(VENV)/bin/python -m pytest

docs: $(VENV)/tools tshark
	$(VENV)/bin/python -m docs.build

bench: $(VENV)/compared tshark
	$(VENV)/bin/python -m benchmarks

tshark:
	@command -v tshark >/dev/null || { $(APT) update && $(APT) install -y --no-install-recommends tshark; }

# ensurepip is what Debian splits off into python3-venv; without it a half-made .venv would be left behind
$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or later is needed: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(APT) update && $(APT) install -y python3-venv; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/tools: $(VENV)/ready
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/compared: $(VENV)/ready
	$(PIP) --editable '.[bench]'
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
