/*
 * Who held the physical CPUs in each phase of an operation, by the run states of Xen's trace.
 */
#ifndef XPH_ANALYZER_BUDGET_CPU_SHARE_H
#define XPH_ANALYZER_BUDGET_CPU_SHARE_H

#include "analyzer/machine/run_log.h"
#include "analyzer/operation/operation.h"
#include "analyzer/timeline/timeline.h"

/*
 * The time that Xen itself takes for a vCPU is in that vCPU's running time: run states alone cannot
 * tell it from dom0's or the guest's own.
 */
enum xph_cpu_holder {
    XPH_HELD_BY_DOM0,
    XPH_HELD_BY_GUEST, /* the operation's own domain; of a migration, both */
    XPH_HELD_BY_OTHERS,
    XPH_HELD_IDLE,
    XPH_HELD_UNKNOWN, /* no record says who */
    XPH_CPU_HOLDERS,
};

/* ns of CPU time of all pCPUs together, so a phase has its length times the number of pCPUs to
 * share out. */
struct xph_cpu_share {
    uint64_t held_ns[XPH_MAX_PHASES][XPH_CPU_HOLDERS];
};

/* By what was logged. `shares` has one entry for each operation. */
bool xph_cpu_shares_of_log(const struct xph_operation *operations, size_t count, uint32_t pcpus,
                           const struct xph_run_log *log, struct xph_cpu_share *shares,
                           struct xph_error *err);

/* The same where that does not hold all: reads `timeline`, newly opened, to its end. */
bool xph_cpu_shares(const struct xph_operation *operations, size_t count, uint32_t pcpus,
                    struct xph_timeline *timeline, struct xph_cpu_share *shares,
                    struct xph_error *err);

const char *xph_cpu_holder_name(enum xph_cpu_holder holder);

#endif
