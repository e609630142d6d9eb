# Two commands do everything: `make up` and `make test`. Both set up what they need first.

VENV   ?= .venv
MODEL  ?=
MINERS ?=
PORT   ?= 8700
ARGS   ?=

BIN  := $(VENV)/bin
RUST := Cargo.toml Cargo.lock pyproject.toml \
        $(shell find crates -name '*.rs' -o -name Cargo.toml)

export VIRTUAL_ENV := $(abspath $(VENV))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_QUIET := 1

.DEFAULT_GOAL := help
.PHONY: help up test check bench build clean
.DELETE_ON_ERROR:

help: ## Show these lines
	@echo "Hushwork. A fresh machine needs Python 3.11+, stable Rust and a C linker; make does the rest."
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Settings of make up: MODEL=vgg9 (or several) MINERS=3 PORT=$(PORT) ARGS='--rounds 1'; PYTHON=... everywhere"

up: build ## Start a network on this machine and watch it classify images it cannot see
	@exec $(BIN)/hush up $(addprefix --model ,$(MODEL)) $(addprefix --miners ,$(MINERS)) --port $(PORT) $(ARGS)

test: build ## Run every test: Rust, then Python
	cargo test --workspace --exclude hushwork-native --locked --quiet
	$(BIN)/pytest $(ARGS)

check: build ## Check formatting, lints and types, in Python and in Rust
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

bench: build ## Measure speed and memory beside other libraries; the table goes to docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS)

build: $(VENV)/.built ## Make the environment and the extension, if they are not up to date

clean: ## Remove the environment and everything built
	rm -rf $(VENV) target hushwork/_native*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: constraints.txt
	@sh tools/preflight.sh $(VENV) "$(PYTHON)"
	@echo "Installing Python packages into $(VENV) ..."
	@$(BIN)/python -m pip install --requirement constraints.txt
	@touch $@

$(VENV)/.built: $(VENV)/.installed $(RUST)
	@sh tools/preflight.sh $(VENV) "$(PYTHON)"
	@echo "Building the Rust extension (two or three minutes the first time) ..."
	@said=$$($(BIN)/maturin develop --release --locked 2>&1) || { echo "$$said"; exit 1; }
	@touch $@
