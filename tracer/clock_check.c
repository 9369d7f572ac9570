#include "tracer/clock_check.h"

#include <stdlib.h>

enum { LEAST_MATCHES = 8 };

/* Bounds of Xen's TSC minus dom0's. */
struct bounds {
    int64_t low, high;
};

/* Narrows the bounds by a yield; false if no record can be it. Where several can, which one it was
 * is not known, and they stay as they are: a vCPU that was preempted in its yield has others'
 * beside its own. */
static bool narrow(struct bounds *bounds, const struct clock_yield *yield, const uint64_t *xen_tsc,
                   size_t count)
{
    struct bounds found = *bounds;
    unsigned candidates = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t low = (int64_t)(xen_tsc[i] - yield->after),
                high = (int64_t)(xen_tsc[i] - yield->before);

        if (low > bounds->high || high < bounds->low)
            continue;
        candidates++;
        found.low = low > bounds->low ? low : bounds->low;
        found.high = high < bounds->high ? high : bounds->high;
    }
    if (candidates == 1)
        *bounds = found;
    return candidates > 0;
}

/* Supposes that `first` is the record of the first yield. */
static bool try_first(const struct clock_check *check, uint64_t first, const uint64_t *xen_tsc,
                      size_t count, struct bounds *bounds)
{
    bounds->low = (int64_t)(first - check->yields[0].after);
    bounds->high = (int64_t)(first - check->yields[0].before);
    for (size_t i = 1; i < check->count; i++) {
        if (!narrow(bounds, &check->yields[i], xen_tsc, count))
            return false;
    }
    return true;
}

static int compare_lengths(const void *a, const void *b)
{
    const struct clock_yield *first = a, *second = b;
    uint64_t first_length = first->after - first->before,
             second_length = second->after - second->before;

    return first_length < second_length ? -1 : first_length > second_length;
}

struct xph_clock_pair clock_check_solve(struct clock_check *check, const uint64_t *xen_tsc,
                                        size_t count)
{
    struct xph_clock_pair pair = {.matched = false};
    struct bounds bounds;

    if (check->count < LEAST_MATCHES)
        return pair;
    /* The shortest one leaves the least room for others' yields beside it. */
    qsort(check->yields, check->count, sizeof(*check->yields), compare_lengths);
    for (size_t i = 0; i < count && !pair.matched; i++) {
        if (!try_first(check, xen_tsc[i], xen_tsc, count, &bounds))
            continue;
        pair.matched = true;
        pair.xen_minus_dom0 = bounds.low + (bounds.high - bounds.low) / 2;
        pair.error = (uint64_t)(bounds.high - bounds.low + 1) / 2;
    }
    return pair;
}
