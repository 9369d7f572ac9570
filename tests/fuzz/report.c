/*
 * A whole recording through `xenphase report`, in one of its forms, which depends on the input's
 * length. An input is the manifest, a NUL, and xen.trace.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cmds/commands.h"
#include "tests/fuzz/fuzz.h"

/* A record can begin a piece of the critical path, which is told with names. */
enum { FORMS = 4, PRINTED_PER_BYTE = 256, PRINTED = 128 << 10 };

const size_t fuzz_head_bytes = SIZE_MAX;

static uint64_t report(char *form)
{
    char *argv[] = {(char[]){"report"}, form, (char *)(uintptr_t)fuzz_directory_path(), NULL};
    FILE *terminal = stdout;
    struct fuzz_sink sink;
    struct xph_error err = {0};
    int code;

    fuzz_sink_open(&sink);
    stdout = sink.out;
    optind = 0;
    code = xph_cmd_report(3, argv, &err);
    stdout = terminal;
    fuzz_require(code == XPH_EXIT_OK || code == XPH_EXIT_DOUBTFUL || code == XPH_EXIT_ERROR,
                 "the command line is right");
    fuzz_require(code != XPH_EXIT_ERROR || err.text[0] != '\0', "an error is told");
    return fuzz_sink_close(&sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char forms[FORMS][16] = {"--", "--json", "--critical-path", "--folded"};
    const uint8_t *end = memchr(data, '\0', size);
    size_t manifest = end ? (size_t)(end - data) : size;
    size_t trace = end ? manifest + 1 : size;

    fuzz_write(XPH_FILE_MANIFEST, data, manifest);
    fuzz_write(XPH_FILE_TRACE, data + trace, size - trace);
    /* One is slow enough, and the same input is always seen in the same one. */
    fuzz_require_linear("printed bytes", report(forms[size % FORMS]), PRINTED_PER_BYTE, PRINTED,
                        size);
    return 0;
}
