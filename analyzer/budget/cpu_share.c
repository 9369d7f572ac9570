#include "analyzer/budget/cpu_share.h"

#include "analyzer/machine/machine.h"

struct collection {
    const struct xph_operation *operations;
    size_t count;
    struct xph_cpu_share *shares;
};

const char *xph_cpu_holder_name(enum xph_cpu_holder holder)
{
    static const char *const names[] = {"dom0", "guest", "others", "idle", "unknown"};

    return names[holder];
}

static enum xph_cpu_holder holder_of(uint16_t domid, const struct xph_operation *operation)
{
    if (domid == 0)
        return XPH_HELD_BY_DOM0;
    if (domid == XPH_IDLE_DOMID)
        return XPH_HELD_IDLE;
    return domid == operation->domid ? XPH_HELD_BY_GUEST : XPH_HELD_BY_OTHERS;
}

static uint64_t overlap(const struct xph_phase *phase, const struct xph_runstate_interval *interval)
{
    uint64_t start = phase->start_ns > interval->start_ns ? phase->start_ns : interval->start_ns;
    uint64_t end = phase->end_ns < interval->end_ns ? phase->end_ns : interval->end_ns;

    return end > start ? end - start : 0;
}

static bool take_interval(void *context, const struct xph_runstate_interval *interval,
                          struct xph_error *err)
{
    const struct collection *collection = context;

    (void)err;
    if (interval->state != XPH_RUNNING)
        return true;
    for (size_t i = 0; i < collection->count; i++) {
        const struct xph_operation *operation = &collection->operations[i];
        enum xph_cpu_holder holder = holder_of(interval->domid, operation);

        for (size_t p = 0; p < operation->phase_count; p++)
            collection->shares[i].held_ns[p][holder] += overlap(&operation->phases[p], interval);
    }
    return true;
}

/* What no interval covers. */
static void fill_unknown(const struct xph_operation *operation, uint32_t pcpus,
                         struct xph_cpu_share *share)
{
    for (size_t p = 0; p < operation->phase_count; p++) {
        const struct xph_phase *phase = &operation->phases[p];
        uint64_t whole = (phase->end_ns - phase->start_ns) * pcpus, told = 0;

        for (unsigned holder = 0; holder < XPH_HELD_UNKNOWN; holder++)
            told += share->held_ns[p][holder];
        share->held_ns[p][XPH_HELD_UNKNOWN] = whole > told ? whole - told : 0;
    }
}

bool xph_cpu_shares(const struct xph_operation *operations, size_t count, uint32_t pcpus,
                    struct xph_timeline *timeline, struct xph_cpu_share *shares,
                    struct xph_error *err)
{
    struct collection collection = {operations, count, shares};
    struct xph_machine_observer observer = {take_interval, &collection};
    struct xph_machine machine;
    struct xph_record record;
    bool ok = true;

    if (!xph_machine_open(&machine, &observer, err))
        return false;
    while (ok && xph_timeline_next(timeline, &record))
        ok = xph_machine_feed(&machine, &record, err);
    ok = ok && xph_machine_finish(&machine, timeline->last_ns, err);
    xph_machine_close(&machine);
    for (size_t i = 0; ok && i < count; i++)
        fill_unknown(&operations[i], pcpus, &shares[i]);
    return ok;
}
