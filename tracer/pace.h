/*
 * How often to do something that costs CPU time of the host that is measured: as often as wanted,
 * but for no more than a share of one CPU.
 */
#ifndef XPH_TRACER_PACE_H
#define XPH_TRACER_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    uint64_t period_ns;                        /* from one time to the next, now */
    uint64_t shortest_ns, longest_ns;          /* that it may be */
    uint64_t counted, counted_cpu_ns, cost_ns; /* since the last look; what once costs */
};

/* `hz` times a second; if `limited`, less often where that would cost too much. */
void pace_begin(struct pace *pace, unsigned hz, bool limited);

/* It was done once more; `cpu_ns` is the CPU time that the doing has taken in all. True when the
 * period was looked at. */
bool pace_count(struct pace *pace, uint64_t cpu_ns);

/* Whether the next pace_count() needs the CPU time, which costs a system call to know. */
bool pace_wants_cpu_time(const struct pace *pace);

#endif
