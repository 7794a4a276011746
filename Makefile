# make demo: everything from nothing to a generated adapter.   make test: the whole suite.   make help: the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CONFIGURATION ?= debug
MODEL := .model/all-MiniLM-L6-v2
BIN := .build/$(CONFIGURATION)
PREFIX ?= /usr
SECONDS ?= 60
TARGETS ?=
DESTDIR ?=
# All tests run beside each other and hold some 1,500 files open, more than a shell lets a program have by default.
OPEN_FILES := ulimit -Sn 8192 2>/dev/null || ulimit -Sn $$(ulimit -Hn)

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: ## install the Debian packages that the build needs (as root or with sudo), if any is missing
	@Scripts/setup.sh

model: $(MODEL)/.complete ## fetch the text encoder all-MiniLM-L6-v2, check its digest, unpack it

$(MODEL)/.complete: Scripts/fetch-model.sh
	@Scripts/setup.sh python
	@Scripts/fetch-model.sh $(MODEL)

build: setup ## build the daemon and the CLI
	swift build --configuration $(CONFIGURATION) --product sglorad
	swift build --configuration $(CONFIGURATION) --product sglorad-ctl

demo: build model ## a daemon in a temporary folder, the example library, one adapter, and a look at what it does
	@Scripts/demo.sh $(BIN) $(MODEL)

test: setup model ## the whole suite: modules, and the real daemon on a real socket
	$(OPEN_FILES); swift test $(TEST_FLAGS)

spool-flood: setup ## 50,000 files dropped into the spool at once, taken in without a loss
	SGLORAD_SPOOL_FILES=50000 swift test --filter SpoolIntakeTests

gauge: setup model ## recall of every method on a library whose experts come in gauges of their own (needs ../shared)
	SGLORAD_GAUGE=1 swift test --filter GaugeTests $(TEST_FLAGS)

torture: setup model ## kill the daemon KILLS times under load (1000), and look for what was lost
	SGLORAD_KILLS=$(or $(KILLS),1000) swift test --filter TortureTests $(TEST_FLAGS)

faults: setup model ## let every file operation of a small scenario fail, one by one (hours); STRIDE=N tries every N-th
	SGLORAD_FAULT_STRIDE=$(or $(STRIDE),1) swift test --filter FaultTests $(TEST_FLAGS)

example-generator: build model ## train the generator of the example library anew
	@Scripts/train-example.sh $(BIN) $(MODEL)

format: ## bring the sources into the repository's form
	swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## fail where the form is not kept
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

units: ## verify the systemd units
	@Scripts/verify-units.sh

docs: setup ## build the modules' documentation into .build/documentation
	@Scripts/build-documentation.sh

install: ## install what 'make build CONFIGURATION=release' made, and the model, below $(DESTDIR)$(PREFIX)
	@Scripts/install.sh "$(DESTDIR)" "$(PREFIX)" $(MODEL)

uninstall: ## remove what 'make install' has installed; configuration and state stay
	@Scripts/uninstall.sh "$(DESTDIR)" "$(PREFIX)"

purge: ## remove it with all that the daemon keeps
	@Scripts/uninstall.sh "$(DESTDIR)" "$(PREFIX)" purge

nspawn: model ## the service's whole life under a real systemd, in a container (root; after 'make build')
	@Scripts/nspawn.sh $(MODEL)

fuzz: setup ## mutated inputs against every reader of foreign bytes, SECONDS=60 each; TARGETS='varlink …' for some
	@Scripts/fuzz.sh $(SECONDS) $(TARGETS)

clean: ## remove what was built; the model stays
	swift package clean

.PHONY: help setup model build demo test spool-flood gauge torture faults example-generator format lint units docs install uninstall purge nspawn fuzz clean
