#include "analyzer/budget/cpu_share.h"

#include <stdlib.h>

#include "analyzer/budget/coverage.h"
#include "analyzer/machine/follow.h"

enum { DOMIDS = UINT16_MAX + 1 };

/* Who ran when, between the bounds of the operations' phases. */
struct collection {
    struct xph_coverage dom0, idle, guests; /* of all guests together */
    struct xph_coverage *own;               /* of each domain that has operations */
    size_t own_count;
    uint32_t *own_of; /* by domid: position in `own` + 1 */
};

const char *xph_cpu_holder_name(enum xph_cpu_holder holder)
{
    static const char *const names[] = {"dom0", "guest", "others", "idle", "unknown"};

    return names[holder];
}

static bool mark_phases(struct xph_coverage *coverage, const struct xph_operation *operation)
{
    for (size_t p = 0; p < operation->phase_count; p++) {
        if (!xph_coverage_mark(coverage, operation->phases[p].start_ns) ||
            !xph_coverage_mark(coverage, operation->phases[p].end_ns))
            return false;
    }
    return true;
}

/* The domain's running time is kept apart. */
static void own(struct collection *collection, uint16_t domid)
{
    uint32_t *own = &collection->own_of[domid];

    if (*own == 0)
        *own = (uint32_t)++collection->own_count;
}

static struct xph_coverage *own_coverage(const struct collection *collection, uint16_t domid)
{
    return &collection->own[collection->own_of[domid] - 1];
}

/* The domains of an operation: a migration has two. Returns how many. */
static unsigned domains_of(const struct xph_operation *operation, uint16_t domids[2])
{
    domids[0] = operation->domid;
    domids[1] = operation->target_domid;
    return operation->target_domid == XPH_NO_DOMAIN || domids[0] == domids[1] ? 1 : 2;
}

static bool begin(struct collection *collection, const struct xph_operation *operations,
                  size_t count)
{
    uint16_t domids[2];

    collection->own = calloc(2 * count + 1, sizeof(*collection->own));
    collection->own_of = calloc(DOMIDS, sizeof(*collection->own_of));
    if (!collection->own || !collection->own_of)
        return false;
    for (size_t i = 0; i < count; i++) {
        unsigned domains = domains_of(&operations[i], domids);

        if (!mark_phases(&collection->dom0, &operations[i]) ||
            !mark_phases(&collection->idle, &operations[i]) ||
            !mark_phases(&collection->guests, &operations[i]))
            return false;
        for (unsigned d = 0; d < domains; d++) {
            own(collection, domids[d]);
            if (!mark_phases(own_coverage(collection, domids[d]), &operations[i]))
                return false;
        }
    }
    for (size_t i = 0; i < collection->own_count; i++) {
        if (!xph_coverage_begin(&collection->own[i]))
            return false;
    }
    return xph_coverage_begin(&collection->dom0) && xph_coverage_begin(&collection->idle) &&
           xph_coverage_begin(&collection->guests);
}

static void end(struct collection *collection)
{
    for (size_t i = 0; i < collection->own_count; i++)
        xph_coverage_free(&collection->own[i]);
    free(collection->own);
    free(collection->own_of);
    xph_coverage_free(&collection->dom0);
    xph_coverage_free(&collection->idle);
    xph_coverage_free(&collection->guests);
}

static void add(struct collection *collection, uint16_t domid, uint64_t start_ns, uint64_t end_ns)
{
    uint32_t own = collection->own_of[domid];

    if (domid == 0)
        xph_coverage_add(&collection->dom0, start_ns, end_ns);
    else if (domid == XPH_IDLE_DOMID)
        xph_coverage_add(&collection->idle, start_ns, end_ns);
    else
        xph_coverage_add(&collection->guests, start_ns, end_ns);
    if (own != 0)
        xph_coverage_add(&collection->own[own - 1], start_ns, end_ns);
}

static bool take_interval(void *context, const struct xph_runstate_interval *interval,
                          struct xph_error *err)
{
    (void)err;
    if (interval->state == XPH_RUNNING)
        add(context, interval->domid, interval->start_ns, interval->end_ns);
    return true;
}

static void settle(struct collection *collection)
{
    for (size_t i = 0; i < collection->own_count; i++)
        xph_coverage_settle(&collection->own[i]);
    xph_coverage_settle(&collection->dom0);
    xph_coverage_settle(&collection->idle);
    xph_coverage_settle(&collection->guests);
}

static void fill(const struct collection *collection, const struct xph_operation *operation,
                 uint32_t pcpus, struct xph_cpu_share *share)
{
    uint16_t domids[2];
    unsigned domains = domains_of(operation, domids);

    for (size_t p = 0; p < operation->phase_count; p++) {
        uint64_t start = operation->phases[p].start_ns, stop = operation->phases[p].end_ns;
        uint64_t *held = share->held_ns[p], whole = (stop - start) * pcpus, told = 0;

        held[XPH_HELD_BY_DOM0] = xph_coverage_between(&collection->dom0, start, stop);
        held[XPH_HELD_IDLE] = xph_coverage_between(&collection->idle, start, stop);
        held[XPH_HELD_BY_OTHERS] = xph_coverage_between(&collection->guests, start, stop);
        for (unsigned d = 0; d < domains; d++) {
            if (domids[d] != 0 && domids[d] != XPH_IDLE_DOMID)
                held[XPH_HELD_BY_GUEST] +=
                    xph_coverage_between(own_coverage(collection, domids[d]), start, stop);
        }
        held[XPH_HELD_BY_OTHERS] -= held[XPH_HELD_BY_GUEST];
        for (unsigned holder = 0; holder < XPH_HELD_UNKNOWN; holder++)
            told += held[holder];
        held[XPH_HELD_UNKNOWN] = whole > told ? whole - told : 0;
    }
}

static void tell(struct collection *collection, const struct xph_operation *operations,
                 size_t count, uint32_t pcpus, struct xph_cpu_share *shares)
{
    settle(collection);
    for (size_t i = 0; i < count; i++)
        fill(collection, &operations[i], pcpus, &shares[i]);
}

bool xph_cpu_shares_of_log(const struct xph_operation *operations, size_t count, uint32_t pcpus,
                           const struct xph_run_log *log, struct xph_cpu_share *shares,
                           struct xph_error *err)
{
    struct collection collection = {.own_count = 0};
    struct xph_run_log_walk walk = {.log = log};
    bool ok = begin(&collection, operations, count) || xph_fail(err, "out of memory");
    struct xph_run run;

    while (ok && xph_run_log_next(&walk, &run))
        add(&collection, run.domid, run.start_ns, run.end_ns);
    if (ok)
        tell(&collection, operations, count, pcpus, shares);
    end(&collection);
    return ok;
}

bool xph_cpu_shares(const struct xph_operation *operations, size_t count, uint32_t pcpus,
                    struct xph_timeline *timeline, struct xph_cpu_share *shares,
                    struct xph_error *err)
{
    struct collection collection = {.own_count = 0};
    const struct xph_follower follower = {.interval = take_interval, .context = &collection};
    bool ok = begin(&collection, operations, count) || xph_fail(err, "out of memory");

    ok = ok && xph_machine_follow(timeline, &follower, NULL, err);
    if (ok)
        tell(&collection, operations, count, pcpus, shares);
    end(&collection);
    return ok;
}
