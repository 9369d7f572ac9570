/*
 * All sources of a recording in one order of time: Xen's records, dom0's kernel events, samples of
 * the domains, changes in xenstore, lines of consoles. Each is read as it comes and the earliest is
 * delivered next, so memory does not grow with the recording.
 */
#ifndef XPH_ANALYZER_TIMELINE_JOINT_H
#define XPH_ANALYZER_TIMELINE_JOINT_H

#include "analyzer/kernel/kernel_reader.h"
#include "analyzer/timeline/console_log.h"
#include "analyzer/timeline/doubts.h"
#include "analyzer/timeline/timeline.h"
#include "recording/recording.h"
#include "recording/samples.h"
#include "recording/xenstore_events.h"

/* At the same cycle in this order. */
enum xph_source {
    XPH_SOURCE_KERNEL,
    XPH_SOURCE_XEN,
    XPH_SOURCE_SAMPLES,
    XPH_SOURCE_XENSTORE,
    XPH_SOURCE_CONSOLE,
    XPH_SOURCES,
};

struct xph_joint_event {
    enum xph_source source;
    uint64_t tsc; /* Xen's */
    uint64_t ns;  /* since the recording's start */
    union {
        struct xph_record record;
        struct xph_kernel_event kernel;
        union xph_sample sample;
        struct xph_xenstore_event xenstore;
        struct xph_console_line console;
    };
};

struct xph_joint_source {
    bool present;      /* there is something to read */
    bool over;         /* all that there was is delivered */
    uint64_t events;   /* delivered so far */
    uint64_t disorder; /* of these, those that lie before an earlier one of the same source */
    uint64_t first_tsc, last_tsc;
    struct xph_error problem; /* why its file cannot be read; no text if it can */
    /*
     * So far may a moment of this source be from where it stands in Xen's time, in ns: by what was
     * measured. What changes in xenstore and lines of consoles tell of happened earlier still, as
     * the recorder is told of them later, and nobody knows by how much.
     */
    uint64_t error_ns;
    struct xph_joint_event next; /* valid if present and not over */
    uint64_t latest_tsc;         /* of it, or of an event before it: by this sources are merged */
};

struct xph_joint {
    struct xph_clock clock;
    struct xph_joint_source sources[XPH_SOURCES];
    struct xph_timeline timeline;
    struct xph_kernel_reader kernel;
    struct xph_sample_reader samples;
    struct xph_xenstore_reader xenstore;
    struct xph_console_logs consoles;
    uint64_t kernel_outside; /* kernel events more than a minute before or after the recording */
    const struct xph_recording *recording;
};

/* `recording` must outlive it. `options` are for Xen's trace, as in xph_timeline_open_recording().
 * To be called while the process has one thread, as one of the readers is a process of its own. On
 * failure there is nothing to close. */
bool xph_joint_open(struct xph_joint *joint, const struct xph_recording *recording,
                    const struct xph_timeline_options *options, struct xph_error *err);
void xph_joint_close(struct xph_joint *joint);

/* The next event of any source; false at the end. */
bool xph_joint_next(struct xph_joint *joint, struct xph_joint_event *event);

/* What can be doubted in what was read: everything, if it was read to its end. */
void xph_joint_doubts(const struct xph_joint *joint, struct xph_doubts *doubts);

/* As "xen". */
const char *xph_source_name(enum xph_source source);

#endif
