/*
 * dom0.dat, as the worker process reads it by libtracecmd: whatever happens to the library there,
 * the events that come out of it are bounded and the rest of the analyzer goes on. What happens to
 * our own code there is a finding.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "recording/kernel_file.h"
#include "tests/fuzz/fuzz.h"

/* So that code of ours can be told from the sanitizers' and the library's. */
#pragma clang section text = "our_text"
extern const char __start_our_text[], __stop_our_text[], __executable_start[], __etext[];

/* The worker's function, under another name: ours stands before it. */
#define xph_trace_dat_worker fuzzed_trace_dat_worker
#include "analyzer/kernel/trace_dat.c"
#undef xph_trace_dat_worker

/* The kernel's smallest event, each with a name and a loss, is a line of the time line. */
enum { EVENT_BYTES = 12, EVENTS_PER_EVENT = 3, PRINTED_PER_BYTE = 128, PRINTED = 64 << 10 };

const size_t fuzz_head_bytes = SIZE_MAX;

/*
 * Where libFuzzer's counters begin and end: what the worker counts would be gone with it. By the
 * assembler, as clang keeps these names for itself. AFL++ has none; its own are in shared memory.
 */
extern uint8_t *const counter_bounds[2];
__asm__(".pushsection .data.rel.local,\"aw\"\n"
        ".weak __start___sancov_cntrs, __stop___sancov_cntrs\n"
        ".balign 8\n"
        "counter_bounds: .quad __start___sancov_cntrs, __stop___sancov_cntrs\n"
        ".popsection");

void __asan_set_error_report_callback(void (*callback)(const char *report)) __attribute__((weak));

/* Both processes see it. */
static struct shared {
    bool ours; /* a sanitizer's report is of our own code */
    char report[4096];
    uint8_t counters[];
} * shared;

static size_t counter_bytes(void)
{
    return (size_t)(counter_bounds[1] - counter_bounds[0]);
}

static bool is_within(uintptr_t address, const char *start, const char *end)
{
    return address >= (uintptr_t)start && address < (uintptr_t)end;
}

/* A report of a sanitizer in the worker, whose words go to /dev/null. The innermost frame that is
 * not the sanitizer's own tells whose it is. */
static void take_report(const char *report)
{
    const char *frame = report;

    snprintf(shared->report, sizeof(shared->report), "%s", report);
    shared->ours = true;
    while ((frame = strstr(frame, "#")) && (frame = strstr(frame, " 0x"))) {
        uintptr_t address = strtoull(frame, NULL, 16);

        if (is_within(address, __start_our_text, __stop_our_text))
            return;
        if (!is_within(address, __executable_start, __etext)) {
            shared->ours = false;
            return;
        }
    }
}

/* A report of UBSan, which looks after our code only. */
void __ubsan_on_report(void);
void __ubsan_on_report(void)
{
    if (!shared)
        return;
    shared->ours = true;
    snprintf(shared->report, sizeof(shared->report), "undefined behaviour\n");
}

/* In the worker. */
static int run_and_tell(int in, int out, const void *context)
{
    int status;

    if (__asan_set_error_report_callback)
        __asan_set_error_report_callback(take_report);
    status = fuzzed_trace_dat_worker(in, out, context);
    memcpy(shared->counters, counter_bounds[0], counter_bytes());
    return status;
}

extern xph_worker_function *const xph_trace_dat_worker;
xph_worker_function *const xph_trace_dat_worker = run_and_tell;

static void share(void)
{
    if (shared)
        return;
    shared = mmap(NULL, sizeof(*shared) + counter_bytes(), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fuzz_require(shared != MAP_FAILED, "shared memory");
}

static void take_counters(void)
{
    for (size_t i = 0; i < counter_bytes(); i++)
        counter_bounds[0][i] |= shared->counters[i];
    memset(shared->counters, 0, counter_bytes());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_recording recording;
    uint64_t events, printed;

    share();
    fuzz_recording(&recording);
    fuzz_write(XPH_FILE_KERNEL, data, size);
    events = fuzz_timeline(&recording, &printed);
    take_counters();
    if (shared->ours)
        fputs(shared->report, stderr);
    fuzz_require(!shared->ours, "our part of the worker is sound");
    fuzz_require(events <= size / EVENT_BYTES * EVENTS_PER_EVENT, "an event has its bytes");
    fuzz_require_linear("printed bytes", printed, PRINTED_PER_BYTE, PRINTED, size);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* The head of such a file is for the library alone, and much of what it refuses takes long: most
 * changes go into the pages of events behind it. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    enum { PAGE_BYTES = 4096, WHOLE_ONCE_IN = 8 };
    static const char last_section[] = "flyrecord";
    const uint8_t *found = memmem(data, size, last_section, sizeof(last_section));
    size_t pages = found ? ((size_t)(found - data) / PAGE_BYTES + 1) * PAGE_BYTES : size;

    if (pages >= size || seed % WHOLE_ONCE_IN == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    return pages + LLVMFuzzerMutate(data + pages, size - pages, max_size - pages);
}
