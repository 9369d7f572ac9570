/* xenstore.events, and the marks of guests in it: an event has 24 bytes at least. */
#include <stdlib.h>

#include "analyzer/timeline/timeline.h"
#include "analyzer/views/xenstore_text.h"
#include "recording/xenstore_events.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/marks.h"

/* A byte can be printed as \xNN, in JSON as \u00NN. */
enum { EVENT_BYTES = 24, PRINTED_PER_BYTE = 32, PRINTED = 16 << 10 };

const size_t fuzz_head_bytes = sizeof(XPH_XENSTORE_MAGIC) - 1;

static uint64_t read_events(const struct xph_recording *recording, FILE *out)
{
    const struct xph_clock clock = xph_clock_of_recording(recording);
    struct xph_xenstore_reader reader;
    struct xph_xenstore_event event;
    struct xph_guest_marks marks;
    struct xph_error err;
    uint64_t events = 0;

    if (!xph_xenstore_reader_open(&reader, &recording->xenstore, &err))
        return 0;
    fuzz_require(xph_guest_marks_open(&marks, &err), "memory for marks");
    for (; xph_xenstore_next(&reader, &event); events++) {
        xph_dump_xenstore_event(out, &clock, &event);
        fuzz_require(xph_guest_marks_xenstore(&marks, &clock, &event, &err), "memory for a mark");
    }
    fuzz_require(reader.damaged == (reader.at != reader.size), "what was not read is told");
    fuzz_require(marks.count <= events, "a mark is an event");
    fuzz_marks(&marks, out);
    return events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xph_recording recording;
    struct fuzz_sink sink;
    uint64_t events, printed;

    fuzz_recording(&recording);
    recording.xenstore = (struct xph_mapped_file){data, size, false};
    fuzz_sink_open(&sink);
    events = read_events(&recording, sink.out);
    fuzz_require_linear("printed bytes", fuzz_sink_close(&sink), PRINTED_PER_BYTE, PRINTED, size);
    fuzz_require(events <= size / EVENT_BYTES, "an event has its bytes");
    fuzz_require(fuzz_timeline(&recording, &printed) == events, "the time line has all events");
    fuzz_require_linear("printed bytes", printed, PRINTED_PER_BYTE, PRINTED, size);
    return 0;
}
