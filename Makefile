# make demo    what it does, on a bundled capture      make check   ruff, mypy, all tests
# make test    all tests                               make bench   speed and memory (some minutes)
# make docs    the pages that are generated
#
# Each installs what is missing first: tshark and python3-venv from the distribution (Debian, Ubuntu; as root or with
# sudo, without questions), then the package with its development tools in .venv. The second time there is nothing to do.

PYTHON ?= python3
VENV := .venv
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

test: $(VENV)/ready tshark
	$(VENV)/bin/python -m pytest

check: $(VENV)/ready tshark
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy -p labdissect
	$(VENV)/bin/python -m pytest

docs: $(VENV)/ready tshark
	$(VENV)/bin/python -m docs.build

bench: $(VENV)/ready tshark
	$(VENV)/bin/python -m benchmarks

tshark:
	@command -v tshark >/dev/null || { $(APT) update && $(APT) install -y --no-install-recommends tshark; }

# ensurepip is what Debian splits off into python3-venv; without it a half-made .venv would be left behind
$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or later is needed: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(APT) update && $(APT) install -y python3-venv; }
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
