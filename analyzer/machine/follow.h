/*
 * The machine along a whole time line.
 */
#ifndef XPH_ANALYZER_MACHINE_FOLLOW_H
#define XPH_ANALYZER_MACHINE_FOLLOW_H

#include "analyzer/machine/machine.h"
#include "analyzer/timeline/timeline.h"

/* Opens a machine that is to be fed with the time line's records. `observer` may be NULL. */
bool xph_machine_open_timeline(struct xph_machine *machine, const struct xph_timeline *timeline,
                               const struct xph_machine_observer *observer, struct xph_error *err);

/* Who wants to know what is on the way. */
struct xph_follower {
    /* Told of each interval, and of each record when the machine has taken it; either may be NULL.
     */
    bool (*interval)(void *context, const struct xph_runstate_interval *interval,
                     struct xph_error *err);
    bool (*record)(void *context, const struct xph_machine *machine,
                   const struct xph_record *record, struct xph_error *err);
    void *context;
    struct xph_skew_offsets *skew; /* to be filled at the end; or NULL */
};

/* Reads the time line to its end. `contradictions`, which may be NULL, is filled. */
bool xph_machine_follow(struct xph_timeline *timeline, const struct xph_follower *follower,
                        struct xph_finding *contradictions, struct xph_error *err);

#endif
