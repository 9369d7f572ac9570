#include "recording/clock_pair.h"

/* The bounds of a difference. They are far from overflowing: a TSC is below 2^63 for a century, and
 * what a manifest says is bounded when it is read. */
struct bounds {
    int64_t low, high;
};

static struct bounds bounds_of(const struct xph_clock_pair *pair)
{
    return (struct bounds){pair->xen_minus_dom0 - (int64_t)pair->error,
                           pair->xen_minus_dom0 + (int64_t)pair->error};
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool xph_clock_pairs_contradict(const struct xph_clock_pair *first,
                                const struct xph_clock_pair *second)
{
    struct bounds a = bounds_of(first), b = bounds_of(second);

    return first->matched && second->matched && (a.high < b.low || b.high < a.low);
}

struct xph_clock_pair xph_clock_pair_combine(const struct xph_clock_pair *start,
                                             const struct xph_clock_pair *end)
{
    struct xph_clock_pair pair = {.tried = start->tried || end->tried,
                                  .matched = start->matched || end->matched};
    struct bounds a = bounds_of(start->matched ? start : end),
                  b = bounds_of(end->matched ? end : start);
    struct bounds both = {larger(a.low, b.low), smaller(a.high, b.high)};

    if (!pair.matched)
        return pair;
    if (both.low > both.high)
        both = (struct bounds){smaller(a.low, b.low), larger(a.high, b.high)};
    else if (both.low <= 0 && both.high >= 0)
        both = (struct bounds){smaller(both.low, -both.high), larger(both.high, -both.low)};
    pair.xen_minus_dom0 = both.low + (both.high - both.low) / 2;
    pair.error = (uint64_t)(both.high - both.low + 1) / 2;
    return pair;
}
