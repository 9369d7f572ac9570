/*
 * When does a new guest stop booting? The rule, applied to the CPU time that Xen accounts to the
 * domain: it is idle from the start of the first window of IDLE_WINDOW_NS in which all its vCPUs
 * together ran for less than IDLE_PERMILLE thousandths of the window. The analyzer applies the same
 * rule to the trace's run states.
 */
#ifndef XPH_TRACER_IDLE_H
#define XPH_TRACER_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/idle_rule.h"
#include "recording/manifest.h"

struct idle_sample {
    struct xph_instant at;
    uint64_t error_ns;
    uint64_t cpu_time_ns;
};

/* The samples of one window, oldest first, in a ring. */
struct idle_watch {
    struct idle_sample *ring; /* owned */
    size_t capacity, first, count;
    struct idle_sample busy; /* the last one whose window was not idle; all 0 if there is none */
    uint64_t excess_ns;      /* what ran in that window beyond the rule's limit */
    bool idle;
    struct xph_instant idle_since;
    uint64_t idle_error_ns; /* it may have become idle so much earlier or later */
};

/* Keeps enough room for a window at `hz` samples a second. False if there is no memory. */
bool idle_watch_open(struct idle_watch *watch, unsigned hz);
void idle_watch_close(struct idle_watch *watch);
/* Takes no more samples and frees their room; what was found stays. */
void idle_watch_end(struct idle_watch *watch);

/* Takes a sample of a domain that has run; sets watch->idle, idle_since and idle_error_ns once the
 * rule is met. The CPU time was read at `at`, give or take `error_ns`: on a busy host that is long,
 * and only a window that certainly lies between two readings counts. The window begins somewhere
 * between two readings: where the limit was passed if the domain ran evenly between them. */
void idle_watch_add(struct idle_watch *watch, struct xph_instant at, uint64_t error_ns,
                    uint64_t cpu_time_ns);

#endif
