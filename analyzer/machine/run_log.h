/*
 * Which domain's vCPUs ran when, kept in a few bytes each, for who can use it only when all of the
 * trace was read. What one vCPU ran on one pCPU without a break is one run. Where the log would
 * take too much memory it is given up, and the trace must be read once more.
 */
#ifndef XPH_ANALYZER_MACHINE_RUN_LOG_H
#define XPH_ANALYZER_MACHINE_RUN_LOG_H

#include "analyzer/machine/machine.h"

struct xph_run {
    uint16_t domid;
    uint64_t start_ns, end_ns;
};

struct xph_run_log {
    uint8_t *coded; /* of each run: its domain, when it began after or before the one before it, and
                       how long it was; owned */
    size_t size, capacity, limit;
    uint64_t last_ns;      /* when the last run began */
    struct xph_run *pcpus; /* by number: the run that may go on; owned */
    bool given_up;         /* it does not hold all */
};

/* It takes `limit` bytes at most. On failure there is nothing to close. */
bool xph_run_log_open(struct xph_run_log *log, size_t limit, struct xph_error *err);
void xph_run_log_close(struct xph_run_log *log);

/* Takes what a machine tells; of other states than running nothing is kept. */
void xph_run_log_add(struct xph_run_log *log, const struct xph_runstate_interval *interval);

/* No more intervals follow. */
void xph_run_log_end(struct xph_run_log *log);

/* A walk over the runs of a log that was not given up; begins as {.log = &log}. */
struct xph_run_log_walk {
    const struct xph_run_log *log;
    size_t at;
    uint64_t last_ns;
};

/* The next run, in no order; false at the end. */
bool xph_run_log_next(struct xph_run_log_walk *walk, struct xph_run *run);

#endif
