/*
 * How long things took: a histogram whose bins grow with the value, so that any percentile is exact
 * to 1/64 of itself (1.6 %), whatever the values are.
 */
#ifndef XPH_ANALYZER_SUMMARY_HISTOGRAM_H
#define XPH_ANALYZER_SUMMARY_HISTOGRAM_H

#include <stdint.h>

/* 32 bins for each power of two; values from 2^48 on (a day, in cycles) share the last one. */
enum { XPH_HISTOGRAM_STEPS = 5, XPH_HISTOGRAM_BINS = (48 - XPH_HISTOGRAM_STEPS + 1) << 5 };

struct xph_histogram {
    uint64_t count, sum, smallest, largest;
    uint64_t bins[XPH_HISTOGRAM_BINS];
};

static inline unsigned xph_histogram_bin(uint64_t value)
{
    unsigned shift, bin;

    if (value < 1 << XPH_HISTOGRAM_STEPS)
        return (unsigned)value;
    shift = 63 - XPH_HISTOGRAM_STEPS - (unsigned)__builtin_clzll(value);
    bin = (shift << XPH_HISTOGRAM_STEPS) + (unsigned)(value >> shift);
    return bin < XPH_HISTOGRAM_BINS ? bin : XPH_HISTOGRAM_BINS - 1;
}

/* Many records end with one: hence inline. */
static inline void xph_histogram_add(struct xph_histogram *histogram, uint64_t value)
{
    if (histogram->count++ == 0 || value < histogram->smallest)
        histogram->smallest = value;
    if (value > histogram->largest)
        histogram->largest = value;
    histogram->sum += value;
    histogram->bins[xph_histogram_bin(value)]++;
}

void xph_histogram_join(struct xph_histogram *histogram, const struct xph_histogram *from);

/* The smallest value that `share` (0 to 1) of all values do not exceed; 0 if there are none. */
uint64_t xph_histogram_percentile(const struct xph_histogram *histogram, double share);

#endif
