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
    char function[XPH_KERNEL_TEXT_BYTES];
};

struct xph_evidence {
    bool known; /* dom0's kernel told something */
    struct xph_history_builder builder;
    struct xph_task_calls calls;
    struct xph_library_call *library_calls; /* in time; owned */
    size_t library_call_count, library_call_capacity;
};

/* Reads `joint` to its end; `doubts` gets what can be doubted in it. The caller closes `evidence`.
 */
bool xph_evidence_read(struct xph_evidence *evidence, struct xph_joint *joint,
                       struct xph_doubts *doubts, struct xph_error *err);

/* When the task ended that was there at `since_ns`; false if that was not seen. */
bool xph_evidence_task_end(const struct xph_evidence *evidence, uint32_t pid, uint64_t since_ns,
                           uint64_t *end_ns);
void xph_evidence_close(struct xph_evidence *evidence);

#endif
