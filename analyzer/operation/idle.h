/*
 * When a guest has stopped booting, by the rule of recording/idle_rule.h applied to the trace's run
 * states.
 */
#ifndef XPH_ANALYZER_OPERATION_IDLE_H
#define XPH_ANALYZER_OPERATION_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When the vCPUs of one domain ran: each interval is two edges, +1 at its start and -1 at its end.
 */
struct xph_run_edges {
    struct xph_run_edge {
        uint64_t at_ns;
        int change;
    } * edges; /* owned */
    size_t count, capacity;
};

/* Adds an interval; false without memory. */
bool xph_run_edges_add(struct xph_run_edges *edges, uint64_t start_ns, uint64_t end_ns);
void xph_run_edges_free(struct xph_run_edges *edges);

/*
 * The first moment from `from_ns` on after which the vCPUs together run for less than `max_run_ns`
 * in `window_ns`, the window ending at `end_ns` at the latest. Sorts the edges. False if there is
 * none.
 */
bool xph_find_idle(struct xph_run_edges *edges, uint64_t from_ns, uint64_t end_ns,
                   uint64_t window_ns, uint64_t max_run_ns, uint64_t *idle_ns);

#endif
