/* domains.samples: a record has 16 bytes at least. */
#include <string.h>

#include "recording/samples.h"
#include "tests/fuzz/fuzz.h"

enum { RECORD_BYTES = sizeof(struct xph_sample_header), PRINTED_PER_BYTE = 32, PRINTED = 16 << 10 };

const size_t fuzz_head_bytes = sizeof(XPH_SAMPLES_MAGIC) - 1;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct xph_mapped_file file = {data, size, false};
    struct xph_sample_reader reader;
    struct xph_recording recording;
    union xph_sample sample;
    struct xph_error err;
    uint64_t records = 0, printed;

    fuzz_recording(&recording);
    recording.samples = file;
    if (xph_sample_reader_open(&reader, &file, &err)) {
        for (; xph_sample_next(&reader, &sample); records++)
            xph_domain_type(sample.domain.flags, sample.domain.emulation_flags);
        fuzz_require(reader.damaged == (reader.at != size), "what was not read is told");
    }
    fuzz_require(records <= size / RECORD_BYTES, "a record has its bytes");
    fuzz_require(fuzz_timeline(&recording, &printed) == records, "the time line has all records");
    fuzz_require_linear("printed bytes", printed, PRINTED_PER_BYTE, PRINTED, size);
    return 0;
}
