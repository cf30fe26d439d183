# usher. `make` lists what there is; `make demo` and `make test` install what they need.

SHELL         := /bin/bash
.SHELLFLAGS   := -eu -o pipefail -c
.DEFAULT_GOAL := help

LINT_VERSION := v2.15.0
# Built once, and kept in .tools; one of the same version that is on PATH is used instead.
LINT = $(shell p=$$(command -v golangci-lint) && [ "v$$($$p version --short 2>/dev/null)" = $(LINT_VERSION) ] && echo $$p \
	|| echo .tools/golangci-lint-$(LINT_VERSION))

# Our Go files: those of git, and what is about to be one. npm brings some of its own.
GO_FILES = git ls-files -z --cached --others --exclude-standard '*.go'
UIS      = $(dir $(wildcard flows/*/sandbox/ui/package.json))
FUZZTIME ?= 30s
SCIMMY   = flows/internal/scim/testdata/scimmy

# Asks apt-get for packages, as root or by sudo; where neither will do, says what to install.
define apt
if ! command -v apt-get >/dev/null; then echo "please install: $(1)" >&2; exit 1; \
elif [ "$$(id -u)" = 0 ]; then as=; \
elif command -v sudo >/dev/null; then as=sudo; \
else echo "please install as root: apt-get install $(1)" >&2; exit 1; fi; \
$$as apt-get update -qq; \
$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null
endef
ALERTMANAGER = command -v prometheus-alertmanager >/dev/null
BROWSER = { command -v chromium-headless-shell || command -v chromium; } >/dev/null

.PHONY: help build demo test lint fmt fmt-check vet suite ui ui-check browser alertmanager node scimmy compiler tools soak bench fuzz

help: ## list the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## bin/usher
	go build -trimpath -o bin/usher ./agent/cmd/usher

# Chromium's own sandbox does not run as root, and where there is no Chromium, rod fetches the one it pins.
demo: browser build ## the whole job against stand-in consoles on this machine
	bin/usher demo $$([ "$$(id -u)" != 0 ] || echo --no-sandbox) $$($(BROWSER) || echo --download-browser)

test: fmt-check compiler browser scimmy alertmanager vet lint ui-check suite ## everything that CI runs

suite: compiler browser scimmy alertmanager ## the tests alone
	go test -race -timeout 30m ./...

vet:
	go vet ./...

lint: $(LINT) ## golangci-lint, by .golangci.yml
	$(LINT) run ./...

fmt: ## gofmt, in place
	$(GO_FILES) | xargs -0 -r gofmt -w

fmt-check:
	@files=$$($(GO_FILES) | xargs -0 -r gofmt -l); [ -z "$$files" ] || { echo "not as gofmt has it (make fmt):" $$files >&2; false; }

ui: ## build the stand-ins' pages from their sources (Node 20.19 or newer)
	@for ui in $(UIS); do (cd $$ui && npm ci --no-audit --no-fund && npm run build); done

# In a copy, so that nothing of it stays here. Debian 12's own Node is too old for the build; the pages
# are in the repository so that nobody needs it.
ui-check: ## whether the stand-ins' built pages are those of their sources
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || a == 20 && b >= 19 ? 0 : 1)' 2>/dev/null \
		|| { echo "ui-check: SKIPPED, it needs Node 20.19 or newer"; exit 0; }; \
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	for ui in $(UIS); do \
		at=$$(dirname $$ui); mkdir -p "$$tmp/$$at"; tar -C $$at -c --exclude node_modules ui | tar -C "$$tmp/$$at" -x; \
		(cd "$$tmp/$$at/ui" && npm ci --no-audit --no-fund --loglevel=error && npm run --if-present check && npm run build) >"$$tmp/log" 2>&1 \
			|| { cat "$$tmp/log" >&2; exit 1; }; \
		diff -r "$$tmp/$$at/dist" $$at/dist || { echo "$$at/dist is not what its sources give (make ui)" >&2; exit 1; }; \
		echo "ui-check: $$at/dist is what its sources give"; \
	done

browser: ## install a headless Chromium, if there is none
	@$(BROWSER) || ! command -v apt-get >/dev/null || { $(call apt,chromium-headless-shell); }

# Any Node from 18 on will do: Debian 12's own is 18.
node: ## install Node and npm, if there are none
	@{ command -v node && command -v npm; } >/dev/null || { $(call apt,nodejs npm); }

# A SCIM service that nobody here wrote, for the tests of our client. With Express 5 it ignores paging.
scimmy: .tools/scimmy-4/server.mjs .tools/scimmy-5/server.mjs ## install the SCIM service that the tests talk to

# The service itself is copied last: where it is, all else is.
.tools/scimmy-%/server.mjs: $(SCIMMY)/server.mjs $(SCIMMY)/express%/package.json $(SCIMMY)/express%/package-lock.json | node
	rm -rf $(@D)
	mkdir -p $(@D)
	cp $(SCIMMY)/express$*/package.json $(SCIMMY)/express$*/package-lock.json $(SCIMMY)/express$*/.npmrc $(@D)
	cd $(@D) && npm ci --no-audit --no-fund --loglevel=error
	cp $< $@

# For the tests of alerts. Debian starts it as a service too; the tests start one of their own.
alertmanager: ## install Prometheus Alertmanager, if there is none
	@$(ALERTMANAGER) || ! command -v apt-get >/dev/null || { $(call apt,prometheus-alertmanager); }

# For the race detector.
compiler:
	@echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1 || { $(call apt,gcc libc6-dev); }

tools: $(LINT) browser compiler scimmy alertmanager ## all that the tests and the linter need

.tools/golangci-lint-$(LINT_VERSION):
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv .tools/golangci-lint $@

# One package at a time: what is measured or worn out should have the machine to itself.
soak: compiler browser ## the storms: hours of kill -9, at random points
	go test -race -p 1 -tags soak -count 1 -timeout 4h -v -run Soak ./...

bench: browser ## time, CPU of all processes and peak memory; bench-NAME for some
	go test -p 1 -count 1 -timeout 1h -run '^$$' -bench . -benchtime 1x ./...

# bench-similo reads the folder DATA, and is skipped without it.
bench-%: export DATA := $(DATA)
bench-%: browser
	go test -p 1 -count 1 -timeout 1h -run '^$$' -bench '(?i)$*' -benchtime 1x ./...

fuzz: ## each fuzz target for FUZZTIME (30s)
	@go list ./... | while read -r package; do \
		go test -list '^Fuzz' $$package | { grep '^Fuzz' || true; } | while read -r target; do \
			echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package </dev/null; \
		done; \
	done
