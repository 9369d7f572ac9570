/*
 * When dom0's tasks were in an ioctl of the privcmd driver, by task: hypercalls, and mappings of
 * guests' memory.
 */
#ifndef XPH_ANALYZER_PATH_TASK_CALLS_H
#define XPH_ANALYZER_PATH_TASK_CALLS_H

#include "analyzer/machine/dom0_tasks.h"

struct xph_task_call {
    uint32_t pid;
    uint64_t start_ns, end_ns;
    uint64_t xen_ns;  /* when Xen's trace shows its first entry, 0 if it does not */
    uint16_t created; /* the new domain of a createdomain, or XPH_NO_DOMAIN */
    struct xph_hypercall_target target;
    int64_t result; /* negative: an errno */
};

struct xph_task_calls {
    struct xph_task_call *calls; /* by pid and time once xph_task_calls_sort() was called; owned */
    size_t count, capacity;
};

void xph_task_calls_close(struct xph_task_calls *calls);

bool xph_task_calls_add(struct xph_task_calls *calls, uint32_t pid,
                        const struct xph_hypercall_span *span, struct xph_error *err);
void xph_task_calls_sort(struct xph_task_calls *calls);

/* The first call of the task that ends after `ns`, or NULL. */
const struct xph_task_call *xph_task_call_after(const struct xph_task_calls *calls, uint32_t pid,
                                                uint64_t ns);

#endif
