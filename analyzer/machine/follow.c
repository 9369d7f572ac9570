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

bool xph_machine_follow(struct xph_timeline *timeline, const struct xph_follower *follower,
                        struct xph_finding *contradictions, struct xph_error *err)
{
    const struct xph_machine_observer observer = {follower->interval, follower->context};
    struct xph_machine machine;
    bool ok;

    if (!xph_machine_open_timeline(&machine, timeline, &observer, err))
        return false;
    ok = feed_all(&machine, timeline, follower, err);
    if (contradictions)
        memcpy(contradictions, machine.contradictions, sizeof(machine.contradictions));
    xph_machine_close(&machine);
    return ok;
}
