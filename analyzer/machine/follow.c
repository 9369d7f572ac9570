#include "analyzer/machine/follow.h"

#include <string.h>

bool xph_machine_open_timeline(struct xph_machine *machine, const struct xph_timeline *timeline,
                               const struct xph_machine_observer *observer, struct xph_error *err)
{
    if (!xph_machine_open(machine, observer, err))
        return false;
    machine->settled_tsc = timeline->settled_tsc;
    return true;
}

static bool feed_all(struct xph_machine *machine, struct xph_timeline *timeline,
                     const struct xph_follower *follower, struct xph_error *err)
{
    struct xph_record record;

    while (xph_timeline_next(timeline, &record)) {
        if (!xph_machine_feed(machine, &record, err) ||
            (follower->record && !follower->record(follower->context, machine, &record, err)))
            return false;
    }
    return xph_machine_finish(machine, timeline->last_ns, err);
}

/* The same, watching how the pCPUs' TSCs differ, where that is asked for. */
static bool feed_all_for_skew(struct xph_machine *machine, struct xph_timeline *timeline,
                              const struct xph_follower *follower, struct xph_error *err)
{
    struct xph_skew skew;
    bool ok;

    if (!follower->skew)
        return feed_all(machine, timeline, follower, err);
    if (!xph_skew_open(&skew, err))
        return false;
    machine->skew = &skew;
    ok = feed_all(machine, timeline, follower, err) &&
         xph_skew_find(&skew, xph_machine_state_contradictions(machine->contradictions),
                       follower->skew, err);
    machine->skew = NULL;
    xph_skew_close(&skew);
    return ok;
}

bool xph_machine_follow(struct xph_timeline *timeline, const struct xph_follower *follower,
                        struct xph_finding *contradictions, struct xph_error *err)
{
    const struct xph_machine_observer observer = {follower->interval, follower->context};
    struct xph_machine machine;
    bool ok;

    if (!xph_machine_open_timeline(&machine, timeline, &observer, err))
        return false;
    ok = feed_all_for_skew(&machine, timeline, follower, err);
    if (contradictions)
        memcpy(contradictions, machine.contradictions, sizeof(machine.contradictions));
    xph_machine_close(&machine);
    return ok;
}
