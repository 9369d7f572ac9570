/* console/DOMID.log: a line has a digit and a space at least. */
#include <string.h>
#include <sys/stat.h>

#include "analyzer/timeline/console_log.h"
#include "tests/fuzz/fuzz.h"

/* A byte can be printed as \xNN, and a line of three bytes is one of the time line. */
enum { LINE_BYTES = 3, PRINTED_PER_BYTE = 64, PRINTED = 16 << 10 };

const size_t fuzz_head_bytes = 0;

static uint64_t read_lines(size_t size)
{
    struct xph_console_logs consoles;
    struct xph_console_log *console;
    struct xph_error err;
    uint64_t lines = 0, bytes = 0, damaged = 0;

    fuzz_require(xph_console_logs_open(&consoles, fuzz_directory(), &err), "a console's file");
    for (; (console = xph_console_logs_first(&consoles)); lines++) {
        bytes += console->next.bytes;
        fuzz_require(memchr(console->next.text, '\n', console->next.bytes) == NULL,
                     "a line is one");
        xph_console_log_advance(console);
    }
    for (size_t i = 0; i < consoles.count; i++)
        damaged += consoles.logs[i].damaged;
    fuzz_require(bytes + lines * (LINE_BYTES - 1) + damaged <= size + 1, "lines have their bytes");
    xph_console_logs_close(&consoles);
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_recording recording;
    uint64_t lines, printed;

    fuzz_recording(&recording);
    mkdirat(fuzz_directory(), XPH_DIRECTORY_CONSOLE, 0700);
    fuzz_write(XPH_DIRECTORY_CONSOLE "/5.log", data, size);
    lines = read_lines(size);
    fuzz_require(fuzz_timeline(&recording, &printed) == lines, "the time line has all lines");
    fuzz_require_linear("printed bytes", printed, PRINTED_PER_BYTE, PRINTED, size);
    return 0;
}
