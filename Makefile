# Every command of this repository. `make help` lists those meant for people; the others are their parts.
# What is up to date is not done again: cargo keeps track of Rust, and stamps keep track of the rest.

PYTHON ?= python3
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
CARGO_TEST := $(shell command -v cargo-nextest >/dev/null && echo nextest run || echo test --lib --bins --tests --examples) --no-fail-fast

export PYTHON
# Where the tests of every language find the emulator.
export SANSKEY_EMULATOR := $(TARGET)/release/sanskey-emulator

# How every binding is compiled.
how_published = scripts/lib.sh scripts/third-party-notices.py
# What a binding is compiled from, and what an npm package is bundled from.
rust_sources = Cargo.toml Cargo.lock $(shell find crates/sanskey crates/sanskey-bridge $(1) -name '*.rs' -o -name Cargo.toml)
js_sources = $(shell find $(wildcard $(1)/src $(1)/build) -type f) $(wildcard $(1)/*.json $(1)/*.mjs)

# What AWS runs Node functions with; it is for Linux only.
lambda_client = $(if $(filter Linux,$(shell uname)),aws-lambda-ric)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build test lint demo token packages bench clean

help: ## list these commands
	@echo 'usage: make COMMAND'
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)$$/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  %-14s %s\n", $$1, $$2 }'

setup: $(TARGET)/.prerequisites setup-tools setup-python setup-node ## install what building and testing need (about 6 min the first time)

build: build-rust build-python build-wasm build-node ## build the crate, the emulator, the Python package and both npm packages

test: lint test-rust test-python test-wasm test-node test-oracle test-readme test-packaging ## run the lints and the tests of every language
	@echo '==> make test: every lint and every test has passed'

lint: lint-scripts lint-rust lint-core lint-deny lint-python lint-js ## check formats, lints, types, licences and the core's purity

demo: build ## get a token as an EC2 workload, from an emulator: Python, Node, wasm, Rust
	@scripts/demo.sh emulator python node wasm rust

token: build-python ## get a token from the real endpoints, with GOOGLE_APPLICATION_CREDENTIALS
	@scripts/demo.sh real python

packages: build ## build what is published, into target/packages: the wheel, both npm packages and the crate
	@scripts/build-packages.sh $(TARGET)/packages

bench: build-python build-wasm build-node build-emulator tests/oracle/node_modules/.installed ## compare with the libraries of AWS and Google, side by side (about 2 min)
	@.venv/bin/python tests/benchmarks/python_benchmark.py
	@node tests/benchmarks/node-benchmark.mjs
	@cargo bench --locked --quiet --package sanskey --bench subject_token

clean: ## remove what these commands made here (compiled tools stay in ~/.cache/sanskey)
	rm -rf $(TARGET) .venv wasm/node_modules wasm/dist wasm/pkg node/node_modules node/dist node/*.node \
		python/src/sanskey/_native*.so python/LICENSE-THIRD-PARTY tests/oracle/node_modules
	find . -type d \( -name __pycache__ -o -name .pytest_cache -o -name .ruff_cache -o -name .mypy_cache -o -name .hypothesis \) \
		-prune -exec rm -rf {} +

# Setting up ----------------------------------------------------------------------------------------------------------

.PHONY: setup-tools setup-python setup-node
setup-tools:
	@for tool in wasm-bindgen cargo-deny chromium $(lambda_client); do echo "$$tool: $$(scripts/tool.sh $$tool)" || exit 1; done
	@echo "wasm32: the '$$(scripts/wasm32.sh way)' way"

$(TARGET)/.prerequisites: Cargo.toml scripts/check-prerequisites.sh
	@scripts/check-prerequisites.sh
	@mkdir -p $(@D) && touch $@

setup-python: .venv/.installed
setup-node: $(addsuffix /node_modules/.installed,wasm node tests/oracle)

.venv/.installed: $(wildcard python/requirements-dev.txt tests/oracle/requirements.txt) | $(TARGET)/.prerequisites
	@scripts/setup-python.sh
	@touch $@

%/node_modules/.installed: %/package.json | $(TARGET)/.prerequisites
	@scripts/setup-node.sh $*
	@touch $@

# Building ------------------------------------------------------------------------------------------------------------

.PHONY: build-rust build-emulator build-python build-wasm build-node

build-rust: build-emulator
	@echo '==> building the Rust crate and its example (about 30 s the first time)'
	@cargo build --locked --quiet --release --package sanskey --example token

build-emulator: $(TARGET)/.prerequisites
	@echo '==> building the emulator (about 45 s the first time)'
	@cargo build --locked --quiet --release --package sanskey-emulator

# With the platform that it is compiled for.
wasm_crate = sanskey-wasm@wasm32-unknown-unknown

build-python: .venv/.extension
build-wasm: wasm/dist/.built
build-node: node/dist/.built

.venv/.extension: .venv/.installed python/pyproject.toml $(call rust_sources,bindings/python) scripts/build-python.sh $(how_published)
	@scripts/build-python.sh develop
	@touch $@

wasm/pkg/sanskey_bg.wasm: $(call rust_sources,bindings/wasm) scripts/build-wasm.sh scripts/wasm32.sh $(how_published) | $(TARGET)/.prerequisites
	@scripts/build-wasm.sh

wasm/dist/.built: wasm/pkg/sanskey_bg.wasm wasm/node_modules/.installed $(call js_sources,wasm)
	@echo '==> bundling the npm package sanskey-wasm (a few seconds)'
	@cd wasm && npm run --silent build
	@$(PYTHON) scripts/third-party-notices.py $(wasm_crate) >wasm/dist/LICENSE-THIRD-PARTY
	@touch $@

node/dist/.built: wasm/dist/.built node/node_modules/.installed $(call rust_sources,bindings/node) $(call js_sources,node) scripts/build-node.sh $(how_published)
	@scripts/build-node.sh
	@echo '==> bundling the npm package sanskey (a few seconds)'
	@cd node && npm run --silent build
	@$(PYTHON) scripts/third-party-notices.py sanskey-node $(wasm_crate) >node/dist/LICENSE-THIRD-PARTY
	@touch $@

# Testing -------------------------------------------------------------------------------------------------------------

.PHONY: test-rust test-python test-wasm test-node test-oracle test-readme test-packaging

test-rust: build-emulator
	@echo '==> testing Rust (about a minute the first time)'
	@cargo $(CARGO_TEST) --locked
	@cargo test --locked --doc

test-python: build-python build-emulator
	@echo '==> testing Python'
	@cd python && ../.venv/bin/python -m pytest

test-wasm: build-wasm build-emulator
	@echo '==> testing the npm package sanskey-wasm'
	@cd wasm && CHROMIUM="$$(../scripts/tool.sh chromium)" NODE_OPTIONS="$$NODE_OPTIONS --test-reporter=spec" npm test --silent

test-node: build-node build-emulator
	@$(if $(lambda_client),scripts/tool.sh $(lambda_client) >/dev/null)
	@echo '==> testing the npm package sanskey'
	@cd node && NODE_OPTIONS="$$NODE_OPTIONS --test-reporter=spec" npm test --silent

test-oracle: build-python build-wasm build-node build-emulator tests/oracle/node_modules/.installed
	@echo '==> asking the libraries of AWS and Google (the oracles)'
	@.venv/bin/python -m pytest tests/oracle
	@cd tests/oracle && NODE_OPTIONS="$$NODE_OPTIONS --test-reporter=spec" npm test --silent

test-readme: build-python build-wasm build-node build-emulator tests/oracle/node_modules/.installed
	@echo '==> running what README.md shows'
	@.venv/bin/python -m pytest tests/readme

test-packaging: packages
	@echo '==> installing the packages as a user does'
	@SANSKEY_PACKAGES=$(TARGET)/packages .venv/bin/python -m pytest tests/packaging

# Linting -------------------------------------------------------------------------------------------------------------

.PHONY: lint-scripts lint-rust lint-core lint-deny lint-python lint-js

lint-scripts:
	@for script in .ci/run scripts/*.sh; do bash -n "$$script" || exit 1; done

lint-rust: $(TARGET)/.prerequisites
	@echo '==> linting Rust (about a minute the first time)'
	@cargo fmt --all --check
	@cargo clippy --locked --quiet --workspace --all-targets -- --deny warnings
	@RUSTDOCFLAGS='--deny warnings' cargo doc --locked --quiet --no-deps --document-private-items

lint-core: $(TARGET)/.prerequisites
	@scripts/check-core-purity.sh

lint-deny:
	@echo '==> checking licences and sources of the dependencies'
	@"$$(scripts/tool.sh cargo-deny)" --locked check licenses bans sources

lint-python: build-python
	@echo '==> linting Python'
	@.venv/bin/ruff check python tests scripts
	@.venv/bin/ruff format --check --quiet python tests scripts
	@cd python && ../.venv/bin/mypy --strict src tests examples ../scripts/third-party-notices.py

lint-js: wasm/pkg/sanskey_bg.wasm wasm/node_modules/.installed node/node_modules/.installed
	@echo '==> checking types of the npm packages'
	@cd wasm && npm run --silent typecheck
	@cd node && npm run --silent typecheck
