/*
 * All that a recording tells of who did what: read once, before the paths of its operations are
 * walked.
 */
#ifndef XPH_ANALYZER_PATH_EVIDENCE_H
#define XPH_ANALYZER_PATH_EVIDENCE_H

#include "analyzer/machine/host.h"
#include "analyzer/path/history_builder.h"
#include "analyzer/path/task_calls.h"

/* A task called a function of the toolstack's libraries that is probed. */
struct xph_library_call {
    uint32_t pid;
    uint64_t ns;
    bool has_domid; /* it was told for which domain */
    uint16_t domid;
    char function[XPH_KERNEL_TEXT_BYTES];
};

/* A guest was asked in xenstore to suspend itself, as it is before its state is read out. */
struct xph_suspend_request {
    uint16_t domid;
    uint64_t ns; /* when we were told of it, some time after it was made */
};

struct xph_evidence {
    bool known; /* dom0's kernel told something */
    struct xph_history_builder builder;
    struct xph_task_calls calls;
    struct xph_library_call *library_calls; /* in time; owned */
    size_t library_call_count, library_call_capacity;
    struct xph_suspend_request *suspends; /* in time; owned */
    size_t suspend_count, suspend_capacity;
};

/* Reading, event by event; what is in it belongs to xph_evidence_begin() and _end(). */
struct xph_evidence_reading {
    struct xph_evidence *evidence;
    const struct xph_joint *joint;
    struct xph_host host;
};

/* `joint` delivers the events, which go to _take() one by one. `observer`, which may be NULL, is
 * told of run states on the way. On failure there is nothing to end or to close. */
bool xph_evidence_begin(struct xph_evidence_reading *reading, struct xph_evidence *evidence,
                        const struct xph_joint *joint, const struct xph_machine_observer *observer,
                        struct xph_error *err);
bool xph_evidence_take(struct xph_evidence_reading *reading, const struct xph_joint_event *event,
                       struct xph_error *err);
/* After the last event, or a failure, of which `ok` tells. `doubts` gets what can be doubted. On
 * success the caller closes the evidence, else it is closed. */
bool xph_evidence_end(struct xph_evidence_reading *reading, bool ok, struct xph_doubts *doubts,
                      struct xph_error *err);

/* When the task ended that was there at `since_ns`; false if that was not seen. */
bool xph_evidence_task_end(const struct xph_evidence *evidence, uint32_t pid, uint64_t since_ns,
                           uint64_t *end_ns);
void xph_evidence_close(struct xph_evidence *evidence);

#endif
