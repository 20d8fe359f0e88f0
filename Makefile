# Everything a person does here is a target; `make help` lists them. Logic lives in the `holdfast` command and in tools/.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BOARD ?= qemu-x86_64
CONFIG ?=
# Debian's name for the architecture of the board.
ARCH ?= $(if $(filter base-arm64,$(shell sed -n 's/^base = "\(.*\)"/\1/p' board-support/boards/$(BOARD).toml)),arm64,amd64)
# The Debian mirror, where the machine's apt has none (Ubuntu).
MIRROR ?=
# Words of names; none means all of the core tier.
SCENARIOS ?=
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
HOLDFAST := target/debug/holdfast
# The one that tests run on this host.
ENGINE := build/engine/amd64/engine
IMAGE := $(CURDIR)/build/out/holdfast_$(VERSION)_qemu-x86_64.img
DENY := build/tools/bin/cargo-deny
export MIRROR
export HOLDFAST_IMAGE ?= $(IMAGE)
export HOLDFAST_ENGINE ?= $(CURDIR)/$(ENGINE)
# Errors of tests say what and why; where they passed on their way buries that in a log that is read from its end.
export RUST_LIB_BACKTRACE ?= 0

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what the host lacks (Debian, Ubuntu)
	@tools/setup $(ARCH)

.PHONY: host
host: setup ## the command `holdfast` alone, in target/debug
	@tools/build-rust holdfast

.PHONY: vm
vm: host image ## build the image and boot it in QEMU until its node is Ready
	$(HOLDFAST) vm up --board $(BOARD) $(if $(CONFIG),--config $(CONFIG),--first-config docs/examples/vm.yaml) --wait-ready --wait-workloads

.PHONY: image
image: host ## build the flashable image: make image BOARD=nuc [CONFIG=config.yaml]
	options=$$(tools/release-keys pcr) && $(HOLDFAST) build --board $(BOARD) $$options $(if $(CONFIG),--config $(CONFIG)) $(if $(MIRROR),--mirror $(MIRROR))

.PHONY: images
images: host ## build what the scenarios boot: boards qemu-x86_64 and nuc
	tools/build-images

.PHONY: engine
engine: host ## build the Kubernetes engine alone: make engine ARCH=arm64
	tools/setup $(ARCH)
	$(HOLDFAST) build engine --arch $(ARCH)

.PHONY: lock
lock: host ## resolve the Debian packages anew and write buildroot/lock
	$(HOLDFAST) build lock

.PHONY: test
test: setup ## all tests that fit CI: lints, units, formats, image, core VM scenarios
	@tools/test core

.PHONY: test-all
test-all: setup ## every scenario and full sweeps; writes docs/test-report.md
	@tools/test all

.PHONY: check lint licences
check: lint licences ## formatting, lints, licences, layering

lint:
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets --test scenarios --test reproducible --test image -- -D warnings
	tools/check-layers
	tools/check-circles
	tools/check-names

licences: $(DENY)
	$(DENY) --log-level error check bans licenses sources
	@echo "licences, banned crates and sources are as deny.toml wants them"

.PHONY: audit
audit: $(DENY) ## known holes in the crates we use; needs a network
	@tools/audit $(DENY)

# It runs for a second: what matters is how long it takes to compile.
$(DENY): | setup
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug --root build/tools cargo-deny@0.20.2

.PHONY: unit unit-rust unit-go
unit: engine unit-rust unit-go ## unit, golden and native integration tests

# All crates at once, here and elsewhere, for the reason in tools/build-rust.
unit-rust:
	cargo test --quiet --workspace --no-fail-fast

unit-go:
	runtime/engine/check

.PHONY: sweep
sweep: setup ## every cut of an upgrade, each disk judged
	HOLDFAST_SWEEP=full cargo test --quiet --workspace --test every_cut -- --nocapture

.PHONY: minors
minors: engine ## a newer Kubernetes on trial, and back: this engine and that of the first release on one datastore
	tools/first-release engine
	cargo test --quiet --workspace --test control_plane -- emulation --ignored

.PHONY: tuf-conformance
tuf-conformance: setup ## the cases of that suite against the reader of release repositories
	tools/build-rust tuf-client
	tests/tuf-conformance/run

.PHONY: judges judge
judges: image judge ## foreign tools judge the built image

judge:
	cargo test --quiet --workspace --test image -- --nocapture

.PHONY: scenarios scenario
scenarios: images scenario ## core VM scenarios on the built image: make scenarios SCENARIOS="workload reboot"

scenario:
	cargo test --quiet --workspace --test scenarios -- $(SCENARIOS)

.PHONY: bench-boot bench-bundle bench-cpu bench-downtime bench-encryption bench-fleet bench-flash bench-idle bench-size bench-stage bench-rebuild bench-upgrade
bench-cpu: image ## which emulated processor boots a node fastest, and how many machines side by side
	tests/bench/cpu
bench-boot: image ## kernel start to engine and to Ready, against Debian with systemd
	tests/bench/boot
bench-bundle: image ## bytes of a bundle with two releases that differ by one package, against one with one
	tests/bench/bundle
bench-downtime: images ## how long a node is away in an upgrade, against a plain reboot of the same machine
	tests/bench/downtime
bench-encryption: image ## starts, writing and reading with encrypted state, against the same machine in clear
	tests/bench/encryption
bench-fleet: engine ## a rollout over 2,000 simulated nodes: nodes away, the controller's memory and requests; an hour at most
	cargo test --quiet --workspace --test control_plane -- --exact fleet::a_rollout_over_two_thousand_nodes --ignored --nocapture
bench-flash: image ## writing a card, against dd on the same loop device; needs root
	tests/bench/flash
bench-idle: image ## memory of an idle node, and what it writes to its disk
	tests/bench/idle
bench-rebuild: image ## one changed file in init to a flashable image, against its budget
	tests/bench/rebuild
bench-size: image ## sizes of image, UKI and root against their budgets
	tests/bench/size
bench-stage: image ## staging a release, against dd on the same loop device, and its memory; needs root
	tests/bench/stage
bench-upgrade: image ## bytes of an upgrade, ours against casync, zchunk, zstd and RAUC's way, on pairs of root images
	tools/setup $(ARCH) bench-upgrade
	tests/bench/upgrade

.PHONY: clean
clean: ## remove what was built, keep downloads
	rm -rf build/out build/vm build/cache/steps target
