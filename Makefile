# `make demo` and `make test` do all the set-up they need.

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := embedded,neural,piper,remote,hub,aec,wake,mcp,metrics,mqtt,demo,dev

.DEFAULT_GOAL := help

help:
	@echo "make demo    run the whole pipeline on sample photos and spoken questions (no camera, no sound card needed)"
	@echo "make test    run the tests"
	@echo "make check   ruff and mypy"
	@echo "make clean   remove the virtual environment and what the demo made"

# torch comes first and alone: with it in place no other package asks for a larger build.
$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	touch $@

setup: $(VENV)/ready

weights: setup
	$(BIN)/omni models pull embedded

demo: weights
	$(BIN)/omni demo --out demo

# Real sound devices are tested on a PulseAudio null sink, where it can be installed.
sound:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! command -v pulseaudio >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y \
			pulseaudio pulseaudio-utils libportaudio2 libasound2-plugins >/dev/null || \
		echo "pulseaudio cannot be installed: the tests that need it are skipped"; \
	fi

# A voice with a mouth of its own is tested on a real speech server, where it can be installed.
speech:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! command -v speech-dispatcher >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y \
			speech-dispatcher speech-dispatcher-espeak-ng python3-speechd >/dev/null || \
		echo "speech-dispatcher cannot be installed: the tests that need it are skipped"; \
	fi

# The bridge to MQTT is tested on a real broker, where it can be installed; each test starts one of its own.
broker:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! command -v mosquitto >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y \
			mosquitto >/dev/null || echo "mosquitto cannot be installed: the tests that need it are skipped"; \
	fi

test: weights sound speech broker
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo

.PHONY: help setup weights demo sound speech broker test check clean
