#include "tracer/clock_check.h"

enum { LEAST_MATCHES = 8 };

/* Bounds of Xen's TSC minus dom0's. */
struct bounds {
    int64_t low, high;
};

/* Narrows the bounds by the yield between `before` and `after`, if a record allows it. */
static bool narrow(struct bounds *bounds, uint64_t before, uint64_t after, const uint64_t *xen_tsc,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t low = (int64_t)(xen_tsc[i] - after), high = (int64_t)(xen_tsc[i] - before);

        if (low > bounds->high || high < bounds->low)
            continue;
        if (low > bounds->low)
            bounds->low = low;
        if (high < bounds->high)
            bounds->high = high;
        return true;
    }
    return false;
}

/* Supposes that `first` is the record of the first yield. */
static bool try_first(const struct clock_check *check, uint64_t first, const uint64_t *xen_tsc,
                      size_t count, struct bounds *bounds)
{
    bounds->low = (int64_t)(first - check->yields[0].after);
    bounds->high = (int64_t)(first - check->yields[0].before);
    for (size_t i = 1; i < check->count; i++) {
        if (!narrow(bounds, check->yields[i].before, check->yields[i].after, xen_tsc, count))
            return false;
    }
    return true;
}

struct xph_clock_pair clock_check_solve(const struct clock_check *check, const uint64_t *xen_tsc,
                                        size_t count)
{
    struct xph_clock_pair pair = {.matched = false};
    struct bounds bounds;

    if (check->count < LEAST_MATCHES)
        return pair;
    for (size_t i = 0; i < count && !pair.matched; i++) {
        if (!try_first(check, xen_tsc[i], xen_tsc, count, &bounds))
            continue;
        pair.matched = true;
        pair.xen_minus_dom0 = bounds.low + (bounds.high - bounds.low) / 2;
        pair.error = (uint64_t)(bounds.high - bounds.low + 1) / 2;
    }
    return pair;
}
