# The commands of README.md. Everything that is installed or built lands in .venv/ and build/.
SHELL := /bin/bash
BUILD := build/release
PYTHON := .venv/bin/python
ENGINES ?= all

.PHONY: run test bench bench-store sweep coverage-page lint build setup setup-test sanitize clean

## Embeds three sentences with the real all-MiniLM-L6-v2 and prints their similarities.
run: build
	@$(BUILD)/ipfs-accelerate run "$$($(PYTHON) tools/model_path.py minilm)" --task sentence-similarity \
	  --text "A cat sits on the mat." \
	  --text "A kitten rests on a rug." \
	  --text "The stock market fell sharply today."

## Installs what is missing, builds, and passes all suites.
test: setup-test
	@ENGINES=$(ENGINES) $(PYTHON) tools/run_tests.py $(BUILD)

## Builds the program.
build: setup
	@tools/build.sh $(BUILD) release ipfs-accelerate

setup:
	@tools/setup.sh run
setup-test:
	@ENGINES=$(ENGINES) tools/setup.sh test
	@tools/build.sh $(BUILD) release

## Compares with ONNX Runtime, OpenVINO and PyTorch; writes bench/results.
bench: setup-test
	@tools/build.sh $(BUILD) release bench_worker
	@$(PYTHON) bench/compare.py --binary $(BUILD)/ipfs-accelerate

## The store's figures: adding against SHA-256, serving against boxo (where Go is installed), two sources against one.
bench-store: build
	@if command -v go >/dev/null; then cd tests/golden/ipfs && go build -trimpath -o ../../../build/interop/peer ./peer; fi
	@$(PYTHON) bench/store.py --binary $(BUILD)/ipfs-accelerate $$([ -x build/interop/peer ] && echo --peer build/interop/peer)

## Captures and verifies every model class of transformers; stops and goes on where it was (about 2 hours).
COVERAGE := PYTHONPATH=bindings/python ACCELERATE_PYTHON=$(PYTHON) $(BUILD)/ipfs-accelerate coverage
sweep: setup-test
	@$(COVERAGE) --resume -j 2 || true
	@$(COVERAGE) --update-table
	@$(MAKE) --no-print-directory coverage-page

## docs/coverage.md and its plot, from the committed table.
coverage-page:
	@$(COVERAGE) --page docs/coverage.md --summary
	@$(PYTHON) tools/plot_coverage.py docs/coverage/classes.tsv docs/coverage/coverage.png

## Formatting, clang-tidy and the layer check.
lint: setup-test
	@tools/lint.sh

sanitize: setup-test
	@tools/build.sh build/sanitize sanitize
	@ctest --test-dir build/sanitize --output-on-failure

clean:
	rm -rf build
