/*
 * What the probe's own commands share: how a mark is made and sent within bounds.
 */
#ifndef XPH_PROBES_GUEST_PROBE_H
#define XPH_PROBES_GUEST_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "probes/guest/ways.h"

struct probe {
    enum xen_guest guest;
    const struct way *asked; /* NULL: the first that works */
    bool both;               /* by xenstore, too */
    bool how;                /* tell which way worked */
    uint16_t sequence;       /* of the next mark */
};

/*
 * Sends a mark, in no more than the watchdog's time: beyond that the process ends. `value` may be
 * NULL. False if no way worked, which has been told on stderr.
 */
bool probe_mark(struct probe *probe, const char *name, const char *value);

/* Sends what systemd knows of the boot, once it is over; waits for that for `wait_seconds` at the
 * most. */
bool probe_boot(struct probe *probe, unsigned wait_seconds);

struct tick_options {
    uint64_t tick_ns, gap_ns; /* how often to wake; what is a gap */
    uint64_t for_ns;          /* 0: until a signal */
};

/* Ticks, and reports the gaps. False if not even the first mark could be made. */
bool probe_tick(struct probe *probe, const struct tick_options *options);

#endif
