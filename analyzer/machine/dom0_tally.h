/*
 * What dom0's threads did, added up: hypercalls by program, command and domain, and who held the
 * CPUs while dom0 could not run. CPU times by thread are in the table of tasks.
 */
#ifndef XPH_ANALYZER_MACHINE_DOM0_TALLY_H
#define XPH_ANALYZER_MACHINE_DOM0_TALLY_H

#include "analyzer/machine/dom0_tasks.h"

/* Hypercalls of one kind by threads of one name. */
struct xph_hypercall_tally {
    char name[XPH_TASK_NAME_BYTES];
    struct xph_hypercall_target target; /* pages: the sum */
    uint64_t calls, failed, records;    /* records: of Xen's; more than calls where some went on */
    uint64_t cycles, longest_cycles;    /* from entry to return, with what preempted them */
    uint64_t xen_cycles;                /* in Xen at most, as in struct xph_hypercall_span */
};

/* A domain held a pCPU where a vCPU of dom0 waited. */
struct xph_holder_tally {
    uint16_t domid;
    bool known;                          /* false: it is not known who did */
    uint64_t thread_cycles, idle_cycles; /* while dom0 wanted to run a thread; while it was idle and
                                            something had woken it */
};

struct xph_dom0_tally {
    struct xph_hypercall_tally *hypercalls; /* owned */
    size_t hypercall_count, hypercall_capacity;
    uint32_t *index; /* hash to position + 1; owned */
    size_t index_size;
    uint64_t hypercalls_untold;       /* of kinds beyond what is kept */
    struct xph_holder_tally *holders; /* owned */
    size_t holder_count;
};

bool xph_dom0_tally_open(struct xph_dom0_tally *tally, struct xph_error *err);
void xph_dom0_tally_close(struct xph_dom0_tally *tally);

/* For struct xph_dom0_observer, with the tally as context. */
bool xph_dom0_tally_interval(void *context, const struct xph_task_interval *interval,
                             struct xph_error *err);
bool xph_dom0_tally_hypercall(void *context, const struct xph_task *task,
                              const struct xph_hypercall_span *span, struct xph_error *err);

/* Threads of one name, added up. */
struct xph_program_tally {
    char name[XPH_TASK_NAME_BYTES];
    uint64_t tasks;
    uint64_t cycles[XPH_TASK_STATES], total;
    uint64_t ready_cycles;
};

/* The idle threads first, then by total, the longest first. `*programs` is the caller's to free. */
bool xph_program_tallies(const struct xph_task_table *table, struct xph_program_tally **programs,
                         size_t *count, struct xph_error *err);

#endif
