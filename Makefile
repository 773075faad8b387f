# Everything a person or a CI job needs. `make help` lists it.

SWIFT ?= swift
PROGRAM := .build/release/edgepipe
PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share

# Packages: where they go, and the date that their files bear, so that the same sources give the same bytes.
DIST ?= dist
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH

.PHONY: help libraries build install install-files check-install static dist deb prove-dist test check check-docs format demo \
	registry-example fuzz bench clean

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

libraries: ## install SQLite and zstd where they are missing
	@scripts/install-system-libraries.sh

build: libraries ## build the program, .build/release/edgepipe
	$(SWIFT) build -c release --product edgepipe

install: build install-files ## install program, completions and manual pages below PREFIX, /usr/local

install-files:
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions \
		$(SHARE)/fish/vendor_completions.d $(SHARE)/man/man1
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/edgepipe
	$(PROGRAM) --generate-completion-script bash > $(SHARE)/bash-completion/completions/edgepipe
	$(PROGRAM) --generate-completion-script zsh > $(SHARE)/zsh/site-functions/_edgepipe
	$(PROGRAM) --generate-completion-script fish > $(SHARE)/fish/vendor_completions.d/edgepipe.fish
	python3 scripts/make-man-pages.py $(PROGRAM) $(SHARE)/man/man1

check-docs: build ## run what the documents say, and compare what they show
	scripts/check-docs.py $(PROGRAM)

check-install: build ## install into a folder of its own, and check pages and completions
	scripts/check-install.sh $(PROGRAM)

static: build
	packaging/link-static.sh .build/release .build/edgepipe-static

dist: static ## pack a tarball that needs no Swift, dist/edgepipe-VERSION-linux-ARCH.tar.gz
	packaging/make-tarball.sh .build/edgepipe-static $(DIST)

deb: static ## pack a Debian package, dist/edgepipe_VERSION_ARCH.deb
	packaging/make-deb.sh .build/edgepipe-static $(DIST)

prove-dist: dist deb ## run the quickstart from both packages in a bare Debian, offline; needs root and debootstrap
	scripts/prove-dist.sh $(PROGRAM) $(DIST)

test: libraries ## run all tests
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build
	scripts/fuzz.py --seconds 20 --jobs 2
	scripts/prove-slurm.py $(PROGRAM)

check: libraries ## formatting, imports, architectures' names and options; warnings are errors in every build
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	python3 scripts/check-imports.py
	python3 scripts/check-architectures.py
	python3 scripts/check-flags.py

format: ## format all sources
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

demo: build ## run the quickstart on the shipped model, offline, and query what it made
	$(PROGRAM) run pipelines/quickstart.yaml
	$(PROGRAM) query --ram 3GB --platform android

registry-example: build ## write registry.db.example again; SMOLLM2 is a folder or hf://..., GEMMA a GGUF file
	scripts/make-registry-example.sh $(PROGRAM) $(SMOLLM2) $(GEMMA)

fuzz: build ## give the program damaged files for an hour
	scripts/fuzz.py --seconds 3600 --jobs 2

bench: build ## compare with cp and with llama.cpp (LLAMA_CPP_BIN); see scripts/
	scripts/bench-convert.sh
	scripts/bench-quantize.sh
	scripts/bench-perplexity.sh

clean: ## remove what was built and what the demo made
	rm -rf .build $(DIST) registry.db registry.db-shm registry.db-wal registry.db.objects registry.db.work
