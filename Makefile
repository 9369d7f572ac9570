# xenphase: where did the time of a Xen domain's creation, destruction or migration go?
#
# `make` builds what this machine can build: the analyzer needs no Xen, the recorder does.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?= -O2 -g
WERROR  ?= -Werror

# V=1 shows the commands.
Q = $(if $(V),,@echo '  $(1)' $(patsubst $(BUILD)/%,%,$@);)

# The guest's probe is one static program; with musl it is a quarter as large.
PROBE_CC     ?= $(or $(shell command -v musl-gcc 2>/dev/null),$(CC))
PROBE_CFLAGS ?= -Os

PKG_CONFIG   ?= pkg-config
CLANG_FORMAT ?= clang-format

XP_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -Wall -Wextra $(WERROR) -MMD -MP $(CFLAGS)
SANITIZE  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

RECORDING_SOURCES := $(wildcard recording/*.c)
ANALYZER_SOURCES  := $(filter-out analyzer/main.c,$(wildcard analyzer/*.c analyzer/*/*.c)) probes/guest/frame.c
TRACER_SOURCES    := $(wildcard tracer/*.c)
UNIT_SOURCES      := $(wildcard tests/unit/test_*.c)
C_FILES           := $(wildcard recording/*.[ch] analyzer/*.[ch] analyzer/*/*.[ch] tracer/*.[ch] tests/unit/*.[ch] tests/flips/*.[ch] tests/fuzz/*.[ch] lab/guest/*.[ch] tests/lab/*/*.[ch] probes/guest/*.[ch])
SHELL_FILES       := $(wildcard .ci/run lab/xenlab lab/dom0/*.sh lab/dom0/xenlab-* lab/dom0/initrd-init lab/guest/*.sh lab/guest/init lab/guest/initrd-init probes/guest/initramfs-* probes/guest/debian/post* scripts/* tests/lab/guest-marks/init tests/run tests/fuzz/run tests/compare-with-xenalyze tests/*/*.sh tests/lab/truth/inject)

# Library, the Debian package with its headers.
ANALYZER_LIBRARIES = jansson:libjansson-dev libelf:libelf-dev
# Only its header is used: there is nothing to link.
ANALYZER_HEADERS   = libxxhash:libxxhash-dev
# The reader of dom0.dat; without them the analyzer is built all the same.
KERNEL_LIBRARIES   = libtracecmd:libtracecmd-dev libtraceevent:libtraceevent-dev
# The store of runs and their statistics; without them the analyzer is built all the same.
STORE_LIBRARIES    = sqlite3:libsqlite3-dev gsl:libgsl-dev
TEST_LIBRARIES     = cmocka:libcmocka-dev
TRACER_LIBRARIES   = xencontrol:libxen-dev xentoollog:libxen-dev xenforeignmemory:libxen-dev \
                     xenevtchn:libxen-dev xencall:libxen-dev xenstore:libxen-dev libtraceevent:libtraceevent-dev libtracefs:libtracefs-dev libelf:libelf-dev
names   = $(foreach pair,$(1),$(firstword $(subst :, ,$(pair))))
missing = $(strip $(foreach pair,$(1),$(if $(shell $(PKG_CONFIG) --exists $(firstword $(subst :, ,$(pair))) 2>/dev/null && echo yes),,$(lastword $(subst :, ,$(pair))))))

ifeq ($(shell command -v $(PKG_CONFIG) 2>/dev/null),)
  MISSING_FOR_ANALYZER := pkg-config $(foreach pair,$(ANALYZER_LIBRARIES) $(ANALYZER_HEADERS),$(lastword $(subst :, ,$(pair))))
  MISSING_FOR_KERNEL   := pkg-config $(foreach pair,$(KERNEL_LIBRARIES),$(lastword $(subst :, ,$(pair))))
  MISSING_FOR_STORE    := pkg-config $(foreach pair,$(STORE_LIBRARIES),$(lastword $(subst :, ,$(pair))))
  MISSING_FOR_TRACER   := pkg-config $(sort $(foreach pair,$(TRACER_LIBRARIES),$(lastword $(subst :, ,$(pair)))))
else
  MISSING_FOR_ANALYZER := $(sort $(call missing,$(ANALYZER_LIBRARIES) $(ANALYZER_HEADERS)))
  MISSING_FOR_KERNEL   := $(sort $(call missing,$(KERNEL_LIBRARIES)))
  MISSING_FOR_STORE    := $(sort $(call missing,$(STORE_LIBRARIES)))
  MISSING_FOR_TRACER   := $(sort $(call missing,$(TRACER_LIBRARIES)))
endif

ANALYZER_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(call names,$(ANALYZER_LIBRARIES) $(ANALYZER_HEADERS)))
ANALYZER_LIBS   = $(shell $(PKG_CONFIG) --libs $(call names,$(ANALYZER_LIBRARIES)))
TRACER_CFLAGS   = $(shell $(PKG_CONFIG) --cflags $(call names,$(TRACER_LIBRARIES)))
TRACER_LIBS     = $(shell $(PKG_CONFIG) --libs $(call names,$(TRACER_LIBRARIES))) -ldl
KERNEL_CFLAGS   = $(if $(MISSING_FOR_KERNEL),,$(shell $(PKG_CONFIG) --cflags $(call names,$(KERNEL_LIBRARIES))))
KERNEL_LIBS     = $(if $(MISSING_FOR_KERNEL),,$(shell $(PKG_CONFIG) --libs $(call names,$(KERNEL_LIBRARIES))))
STORE_CFLAGS    = $(if $(MISSING_FOR_STORE),,$(shell $(PKG_CONFIG) --cflags $(call names,$(STORE_LIBRARIES))))
STORE_LIBS      = $(if $(MISSING_FOR_STORE),,$(shell $(PKG_CONFIG) --libs $(call names,$(STORE_LIBRARIES))))
TEST_LIBS       = $(shell $(PKG_CONFIG) --libs $(call names,$(TEST_LIBRARIES)))

TRACER_WANTS = $(if $(MISSING_FOR_TRACER),to build it: apt-get install $(MISSING_FOR_TRACER))

# Of the two, the one that this machine can build.
ANALYZER_SOURCES := $(filter-out analyzer/kernel/$(if $(MISSING_FOR_KERNEL),trace_dat.c,trace_dat_missing.c),$(ANALYZER_SOURCES))
STORE_SOURCES    := $(wildcard analyzer/compare/*.c analyzer/statistics/*.c analyzer/store/*.c analyzer/views/compare_*.c analyzer/views/stats_*.c) analyzer/views/store_rows.c $(patsubst %,analyzer/cmds/cmd_%.c,compare stats store)
ifeq ($(MISSING_FOR_STORE),)
  ANALYZER_SOURCES := $(filter-out analyzer/cmds/cmd_store_missing.c,$(ANALYZER_SOURCES))
else
  ANALYZER_SOURCES := $(filter-out $(STORE_SOURCES),$(ANALYZER_SOURCES))
  UNIT_SOURCES     := $(filter-out $(patsubst %,tests/unit/test_%.c,compare comparison statistics store trend),$(UNIT_SOURCES))
endif

objects = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

RECORDING_OBJECTS = $(call objects,obj,$(RECORDING_SOURCES))
ANALYZER_OBJECTS  = $(call objects,obj,$(ANALYZER_SOURCES) analyzer/main.c)
TRACER_OBJECTS    = $(call objects,obj,$(TRACER_SOURCES))
# Of the tracer, what needs no Xen.
CHECKED_SOURCES   = $(patsubst %,tracer/%.c,boot_wait buffer_size clock clock_check command console_file console_ring console_text device_model disk_guard domain_end domain_list holders idle kernel_buffer_size lock output_directory pace probe_line realtime signals trace_alive trace_watch trigger xenstore_names)
CHECKED_OBJECTS   = $(call objects,san,$(RECORDING_SOURCES) $(ANALYZER_SOURCES) $(CHECKED_SOURCES))
FLIPS_PROGRAMS    = $(BUILD)/flips/flip_trace $(BUILD)/flips/damage_recording
UNIT_PROGRAMS     = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SOURCES))

PROGRAMS = $(BUILD)/xenphase
ifeq ($(TRACER_WANTS),)
  PROGRAMS += $(BUILD)/xenphase-record
endif

PROBE_SOURCES = $(wildcard probes/guest/*.c)
PROBE_PACKAGE = $(BUILD)/xenphase-mark_$(VERSION)_amd64.deb
VERSION       = $(shell sed -n 's/^.define XPH_VERSION "\(.*\)"/\1/p' recording/version.h)

.PHONY: all probe probe-deb demo check check-format check-shell check-unit check-flips check-lab check-moves check-balance check-truth check-differential check-guest-marks check-hosts check-recorder check-recorder-traps bench bench-decoder bench-report bench-tracer bench-loss install format clean help left-out
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS) left-out ## build the programs (the default)

left-out: $(PROGRAMS)
ifneq ($(MISSING_FOR_KERNEL),)
	@echo "left out: the reader of dom0's kernel events in $(BUILD)/xenphase (to build it: apt-get install $(MISSING_FOR_KERNEL))"
endif
ifneq ($(MISSING_FOR_STORE),)
	@echo "left out: xenphase store, stats and compare (to build them: apt-get install $(MISSING_FOR_STORE))"
endif
ifneq ($(TRACER_WANTS),)
	@echo 'left out: $(BUILD)/xenphase-record, the recorder for dom0 ($(TRACER_WANTS))'
endif

$(BUILD)/xenphase: $(RECORDING_OBJECTS) $(ANALYZER_OBJECTS)
	$(call Q,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(ANALYZER_LIBS) $(KERNEL_LIBS) $(STORE_LIBS) -lm

$(BUILD)/xenphase-record: $(RECORDING_OBJECTS) $(TRACER_OBJECTS)
	$(call Q,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(TRACER_LIBS) $(ANALYZER_LIBS)

probe: $(BUILD)/xenphase-mark ## the program for guests, static

# The stubs' address is what Xen's trace shows of a PV guest's mark (probes/guest/frame.h).
$(BUILD)/xenphase-mark: $(PROBE_SOURCES) $(wildcard probes/guest/*.h) recording/version.h
	@mkdir -p $(@D)
	$(call Q,PROBE)$(PROBE_CC) -std=gnu11 -D_GNU_SOURCE -I. -Wall -Wextra $(WERROR) $(PROBE_CFLAGS) -fno-pie -mno-red-zone -static -no-pie -s \
	    -Wl,--section-start=.xenphase_stubs=0x585048000000 -Wl,-z,noexecstack -o $@ $(PROBE_SOURCES)

probe-deb: $(PROBE_PACKAGE) ## ... as a Debian package that marks the initramfs and tells of each boot

$(PROBE_PACKAGE): $(BUILD)/xenphase-mark $(wildcard probes/guest/* probes/guest/debian/*)
	rm -rf $(BUILD)/probe-deb
	install -D -m 755 $(BUILD)/xenphase-mark -t $(BUILD)/probe-deb/usr/bin
	install -D -m 644 probes/guest/xenphase-boot.service -t $(BUILD)/probe-deb/usr/lib/systemd/system
	install -D -m 755 probes/guest/initramfs-hook $(BUILD)/probe-deb/usr/share/initramfs-tools/hooks/xenphase-mark
	install -D -m 755 probes/guest/initramfs-begin $(BUILD)/probe-deb/usr/share/initramfs-tools/scripts/init-top/xenphase-mark
	install -D -m 755 probes/guest/initramfs-end $(BUILD)/probe-deb/usr/share/initramfs-tools/scripts/init-bottom/xenphase-mark
	install -d $(BUILD)/probe-deb/DEBIAN $(BUILD)/probe-deb/usr/share/man/man1
	gzip -9nc probes/guest/xenphase-mark.1 >$(BUILD)/probe-deb/usr/share/man/man1/xenphase-mark.1.gz
	sed 's/@VERSION@/$(VERSION)/' probes/guest/debian/control >$(BUILD)/probe-deb/DEBIAN/control
	install -m 644 probes/guest/debian/triggers $(BUILD)/probe-deb/DEBIAN
	install -m 755 probes/guest/debian/postinst probes/guest/debian/postrm $(BUILD)/probe-deb/DEBIAN
	dpkg-deb --root-owner-group --build $(BUILD)/probe-deb $@

# The sets of probes, as initializers in C.
$(BUILD)/gen/probe_sets.inc: $(wildcard probes/dom0/*.probes)
	@mkdir -p $(@D)
	$(call Q,GEN )for file in $^; do \
	    printf '{"%s", "%s",\n' "$$(basename "$$file" .probes)" "$$(sed -n '1s/^# *//p' "$$file" | sed 's/[\\"]/\\&/g')"; \
	    sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' "$$file"; echo '},'; \
	done >$@

$(BUILD)/obj/tracer/probe_sets.o: $(BUILD)/gen/probe_sets.inc

# Those of the store and of statistics.
$(foreach objects,obj san,$(call objects,$(objects),$(STORE_SOURCES))): XP_CFLAGS += $(STORE_CFLAGS)

# The libraries that read dom0.dat.
$(BUILD)/obj/analyzer/kernel/trace_dat.o $(BUILD)/san/analyzer/kernel/trace_dat.o: XP_CFLAGS += $(KERNEL_CFLAGS)

# Xen's headers keep the control interfaces for those who say that they are its tools.
$(BUILD)/obj/tracer/%.o: tracer/%.c
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(XP_CFLAGS) $(TRACER_CFLAGS) -I$(BUILD)/gen -D__XEN_TOOLS__ -pthread -c -o $@ $<

$(BUILD)/obj/%.o: %.c | analyzer-dependencies
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(XP_CFLAGS) $(ANALYZER_CFLAGS) -c -o $@ $<

$(BUILD)/san/%.o: %.c | analyzer-dependencies
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(XP_CFLAGS) $(SANITIZE) $(ANALYZER_CFLAGS) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(CHECKED_OBJECTS) $(wildcard tests/unit/*.h)
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(XP_CFLAGS) $(SANITIZE) $(ANALYZER_CFLAGS) -pthread -o $@ $(filter %.c %.o,$^) $(TEST_LIBS) $(ANALYZER_LIBS) $(KERNEL_LIBS) $(STORE_LIBS) -lm

$(BUILD)/flips/%: tests/flips/%.c $(CHECKED_OBJECTS) tests/flips/random.h
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(XP_CFLAGS) $(SANITIZE) $(ANALYZER_CFLAGS) -pthread -o $@ $(filter %.c %.o,$^) $(ANALYZER_LIBS) $(KERNEL_LIBS) $(STORE_LIBS) -lm

include tests/fuzz/fuzz.mk

.PHONY: analyzer-dependencies
analyzer-dependencies:
ifneq ($(MISSING_FOR_ANALYZER),)
	@echo 'cannot build $(BUILD)/xenphase: missing libraries, apt-get install $(MISSING_FOR_ANALYZER)' >&2; exit 1
endif

demo: ## on a bare Debian 12: install, build, boot an emulated Xen host, record two creations, show their phases
	@scripts/demo

check: check-format check-shell check-unit check-fuzz check-lab ## all tests but check-hosts, the emulated Xen host included

check-format: ## is the C code formatted?
	$(CLANG_FORMAT) --dry-run --Werror $(C_FILES)

check-shell: ## shellcheck
	shellcheck -x $(SHELL_FILES)

check-unit: export UNIT_PROGRAMS := $(UNIT_PROGRAMS)
check-unit: $(UNIT_PROGRAMS) $(FLIPS_PROGRAMS) $(BUILD)/xenphase $(BUILD)/xenphase-mark ## unit tests, under ASan and UBSan
	tests/run unit

check-flips: $(FLIPS_PROGRAMS) ## FLIPS=10000 bare traces with a flipped bit, and as many damaged recordings, under ASan and UBSan (some hundreds are in check-unit)
	tests/run flips

check-lab: all ## the end-to-end tests on the emulated Xen host
	tests/run lab

check-moves: all ## save, restore and live migration on the emulated Xen host
	tests/run moves

check-balance: all ## creations, destructions, saves, restorations and a migration of PV and PVH guests: the phases and budgets add up, on the emulated Xen host
	tests/run balance

check-truth: all ## delays of a known length: does the report say where they are? on the emulated Xen host (docs/truth.md)
	tests/run truth

check-differential: all ## what xenphase and xenalyze say of the same traces, on the emulated Xen host
	tests/run differential

check-guest-marks: all probe-deb ## marks of guests on the emulated Xen host
	tests/run guest_marks

check-hosts: all ## the lab's own test: two hosts, every kind of guest, migration (a quarter of an hour, so not in check)
	tests/run hosts

check-recorder: all ## everything that can go wrong while recording, on the emulated Xen host (half an hour, so not in check)
	tests/run recorder

check-recorder-traps: all ## what recording on real Xen can trip over, on the emulated Xen host
	tests/run recorder_traps

bench-loss: ## what is lost under the worst load, beside xentrace, on the running emulated host (boots it anew, twice)
	scripts/bench-loss

bench-tracer: ## what recording adds to a creation on the running emulated host, as ratios
	scripts/bench-tracer

bench: bench-decoder bench-report ## all benches that need no host

bench-decoder: $(BUILD)/xenphase ## speed and memory of summary and dump beside xenalyze's and cat's, in turns (TRACE=FILE KHZ=N; else what scripts/record-load or the last demo recorded)
	scripts/bench-decoder $(TRACE) $(KHZ)

bench-report: $(BUILD)/xenphase ## time and memory of report beside summary of the same recording, in turns (RECORDING=DIR; else what scripts/record-load or the last demo recorded)
	scripts/bench-report $(RECORDING)

install: all ## install into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin

format: ## format the C code
	$(CLANG_FORMAT) -i $(C_FILES)

clean: ## remove what was built (a running emulated host of this directory is stopped; its image cache stays)
	@if [ -d $(BUILD)/lab ]; then lab/xenlab down; fi
	rm -rf $(BUILD)

help: ## this text
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "make %-15s %s\n", $$1, $$2}'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
