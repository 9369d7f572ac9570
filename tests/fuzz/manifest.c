/* manifest.json: what is read can be written, and is the same when it is read again. */
#include <stdlib.h>
#include <string.h>

#include "analyzer/timeline/doubts.h"
#include "analyzer/views/report.h"
#include "tests/fuzz/fuzz.h"

/* A byte can be \u00NN, and an empty object of a list many fields with their names. */
enum { PRINTED_PER_BYTE = 128, PRINTED = 64 << 10 };

const size_t fuzz_head_bytes = SIZE_MAX;

static void print(const struct xph_recording *recording, size_t size)
{
    const struct xph_clock clock = xph_clock_of_recording(recording);
    struct xph_report report = {.manifest = &recording->manifest, .clock = &clock};
    struct fuzz_sink sink;
    struct xph_error err;

    fuzz_sink_open(&sink);
    xph_doubts_of_recording(&report.doubts, recording);
    if (clock.khz != 0) {
        xph_report_text(sink.out, &report, 100, false);
        fuzz_require(xph_report_json(sink.out, &report, &err), "memory for JSON");
    }
    fuzz_require_linear("printed bytes", fuzz_sink_close(&sink), PRINTED_PER_BYTE, PRINTED, size);
}

/* The file as it is written of `manifest`, which it takes; the caller's to unmap. */
static struct xph_mapped_file rewrite(struct xph_manifest *manifest)
{
    struct xph_mapped_file file;
    struct xph_error err;

    fuzz_require(xph_manifest_update(fuzz_directory(), manifest, &err), "it can be written");
    xph_manifest_free(manifest);
    fuzz_require(xph_map_file(fuzz_directory(), XPH_FILE_MANIFEST, &file, &err), "it is there");
    return file;
}

static void write_again(struct xph_manifest *manifest, size_t size)
{
    const size_t domains = manifest->domain_count, losses = manifest->trace_loss_count;
    struct xph_mapped_file once = rewrite(manifest), twice;
    struct xph_error err;

    fuzz_require_linear("bytes of the manifest", once.size, PRINTED_PER_BYTE, PRINTED, size);
    fuzz_require(xph_manifest_read(fuzz_directory(), manifest, &err), "it can be read again");
    fuzz_require(manifest->domain_count == domains && manifest->trace_loss_count == losses,
                 "nothing is left out");
    twice = rewrite(manifest);
    fuzz_require(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0,
                 "it is the same again");
    xph_unmap_file(&once);
    xph_unmap_file(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_recording recording;
    struct xph_error err;
    bool found;

    fuzz_recording(&recording);
    fuzz_write(XPH_FILE_MANIFEST, data, size);
    found = xph_manifest_read(fuzz_directory(), &recording.manifest, &err);
    if (found) {
        for (unsigned domid = 0; domid < 8; domid++)
            xph_manifest_domain(&recording.manifest, (uint16_t)domid, 0);
        print(&recording, size);
        write_again(&recording.manifest, size);
    }
    xph_manifest_free(&recording.manifest);
    return 0;
}
