#include <stdlib.h>

#include "analyzer/machine/dom0_tally.h"
#include "analyzer/machine/host.h"
#include "analyzer/views/dom0_text.h"
#include "analyzer/views/timeline_text.h"
#include "tests/fuzz/fuzz.h"

/* What `xenphase timeline` follows while it reads. */
struct reading {
    struct xph_joint joint;
    struct xph_host host;
    struct xph_dom0_tally tally;
    struct xph_layouts layouts;
    struct xph_dump dump;
};

static void open_reading(struct reading *reading, const struct xph_recording *recording)
{
    const struct xph_dom0_observer observer = {.interval = xph_dom0_tally_interval,
                                               .hypercall = xph_dom0_tally_hypercall,
                                               .context = &reading->tally};
    struct xph_error err;
    struct xph_xen_kind kind;

    xph_xen_kind_detect(&kind, NULL, NULL, &recording->trace);
    fuzz_require(xph_joint_open(&reading->joint, recording, NULL, &err),
                 "the sources can be opened");
    fuzz_require(xph_layouts_open(&reading->layouts, &kind, &err) &&
                     xph_dump_open(&reading->dump, &reading->layouts, NULL, NULL, &err) &&
                     xph_dom0_tally_open(&reading->tally, &err) &&
                     xph_host_open(&reading->host, &reading->joint, NULL, &observer, &err),
                 "memory for a reading");
}

static void close_reading(struct reading *reading)
{
    xph_host_close(&reading->host);
    xph_dom0_tally_close(&reading->tally);
    xph_dump_close(&reading->dump);
    xph_layouts_close(&reading->layouts);
    xph_joint_close(&reading->joint);
}

/* Each source's events come once, and their number is what its reader says. */
static uint64_t read_events(struct reading *reading, FILE *out)
{
    struct xph_joint_event event;
    struct xph_error err;
    uint64_t events = 0;

    for (; xph_joint_next(&reading->joint, &event); events++) {
        fuzz_require(xph_host_feed(&reading->host, &reading->joint, &event, &err),
                     "a host can be followed");
        if (event.source != XPH_SOURCE_KERNEL || event.kernel.type != XPH_KERNEL_NAME)
            xph_timeline_event_text(out, &reading->dump, &event, &reading->host.machine,
                                    &reading->host.tasks);
    }
    fuzz_require(xph_host_finish(&reading->host, &reading->joint, &err), "a host's end");
    return events;
}

static void print_sums(struct reading *reading, FILE *out)
{
    struct xph_doubts doubts = {0};
    struct xph_error err;

    fuzz_require(
        xph_dom0_text(out, &reading->joint, &reading->host.tasks, &reading->tally, 0, &err) &&
            xph_dom0_threads_text(out, &reading->joint.clock, &reading->host.tasks.table, 0, &err),
        "memory for what dom0 did");
    xph_doubts_of_recording(&doubts, reading->joint.recording);
    xph_joint_doubts(&reading->joint, &doubts);
    xph_host_doubts(&reading->host, &doubts);
    for (size_t i = 0; i < doubts.count; i++)
        fprintf(out, "%s\n", doubts.text[i]);
}

uint64_t fuzz_timeline(const struct xph_recording *recording, uint64_t *printed_bytes)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    struct fuzz_sink sink;
    uint64_t events;

    fuzz_require(reading != NULL, "memory for a reading");
    fuzz_sink_open(&sink);
    open_reading(reading, recording);
    events = read_events(reading, sink.out);
    print_sums(reading, sink.out);
    close_reading(reading);
    free(reading);
    *printed_bytes = fuzz_sink_close(&sink);
    return events;
}
