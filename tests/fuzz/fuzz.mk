# Fuzzing (docs/fuzzing.md): a harness for each reader, tests/fuzz/READER.c, built for libFuzzer
# (build/fuzz), and for AFL++ with its driver of the same interface (build/fuzz-afl).

FUZZ_READERS = trace summary manifest samples xenstore console marks index dom0_dat report
FUZZ_SHARED  = $(filter-out tests/fuzz/stretch.c $(FUZZ_READERS:%=tests/fuzz/%.c),$(wildcard tests/fuzz/*.c))
FUZZ_TIME   ?= 3600
FUZZ_CC     ?= clang
FUZZ_AFL    ?= AFL_QUIET=1 AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast
# The warning is of clang alone, and means sentences that go over two lines.
FUZZ_CFLAGS  = -O1 -g -Wno-string-concatenation -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# Without libtracecmd there is no dom0.dat to read.
FUZZ_BUILT   = $(if $(MISSING_FOR_KERNEL),$(filter-out dom0_dat,$(FUZZ_READERS)),$(FUZZ_READERS))
FUZZ_SOURCES = $(RECORDING_SOURCES) $(ANALYZER_SOURCES) $(FUZZ_SHARED)
FUZZ_LINKED  = -pthread $(ANALYZER_LIBS) $(KERNEL_LIBS) $(STORE_LIBS) -lm

.PHONY: fuzz check-fuzz fuzz-afl
fuzz: $(FUZZ_BUILT:%=$(BUILD)/fuzz/%) $(FUZZ_BUILT:%=$(BUILD)/fuzz/stretch-%) ## libFuzzer, FUZZ_TIME=3600 seconds a reader, one after the other, under ASan and UBSan
	tests/fuzz/run libfuzzer $(FUZZ_TIME) $(FUZZ_BUILT)

check-fuzz: ## ... for some seconds a reader
	$(MAKE) fuzz FUZZ_TIME=10

fuzz-afl: $(FUZZ_BUILT:%=$(BUILD)/fuzz-afl/%) ## the same by AFL++
	tests/fuzz/run afl $(FUZZ_TIME) $(FUZZ_BUILT)

$(BUILD)/fuzz/obj/%.o: %.c | analyzer-dependencies
	@mkdir -p $(@D)
	$(call Q,FUZZ)$(FUZZ_CC) $(XP_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(ANALYZER_CFLAGS) -c -o $@ $<

$(BUILD)/fuzz-afl/obj/%.o: %.c | analyzer-dependencies
	@mkdir -p $(@D)
	$(call Q,AFL )$(FUZZ_AFL) $(XP_CFLAGS) $(FUZZ_CFLAGS) $(ANALYZER_CFLAGS) -c -o $@ $<

# trace_dat.c is part of the harness dom0_dat.
$(foreach fuzzer,fuzz fuzz-afl,$(BUILD)/$(fuzzer)/obj/analyzer/kernel/trace_dat.o $(BUILD)/$(fuzzer)/obj/tests/fuzz/dom0_dat.o): XP_CFLAGS += $(KERNEL_CFLAGS)

# An archive, so that a harness can put something of its own in the place of a part.
$(BUILD)/fuzz/fuzzed.a: $(call objects,fuzz/obj,$(FUZZ_SOURCES))
$(BUILD)/fuzz-afl/fuzzed.a: $(call objects,fuzz-afl/obj,$(FUZZ_SOURCES))
$(BUILD)/fuzz/fuzzed.a $(BUILD)/fuzz-afl/fuzzed.a:
	$(call Q,AR  )rm -f $@; ar rcs $@ $^

$(BUILD)/fuzz/stretch-%: $(BUILD)/fuzz/obj/tests/fuzz/stretch.o $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/fuzzed.a
	$(call Q,LINK)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -o $@ $^ $(FUZZ_LINKED)

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/fuzzed.a
	$(call Q,LINK)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LINKED)

$(BUILD)/fuzz-afl/%: $(BUILD)/fuzz-afl/obj/tests/fuzz/%.o $(BUILD)/fuzz-afl/fuzzed.a
	$(call Q,LINK)$(FUZZ_AFL) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LINKED)
