#include "analyzer/summary/histogram.h"

#include <math.h>

static uint64_t middle_of(unsigned bin)
{
    unsigned shift = bin >> XPH_HISTOGRAM_STEPS;

    if (shift == 0)
        return bin;
    shift--;
    return ((uint64_t)(bin - (shift << XPH_HISTOGRAM_STEPS)) << shift) +
           (shift > 0 ? UINT64_C(1) << (shift - 1) : 0);
}

void xph_histogram_join(struct xph_histogram *histogram, const struct xph_histogram *from)
{
    if (from->count == 0)
        return;
    if (histogram->count == 0 || from->smallest < histogram->smallest)
        histogram->smallest = from->smallest;
    if (from->largest > histogram->largest)
        histogram->largest = from->largest;
    histogram->count += from->count;
    histogram->sum += from->sum;
    for (unsigned bin = 0; bin < XPH_HISTOGRAM_BINS; bin++)
        histogram->bins[bin] += from->bins[bin];
}

uint64_t xph_histogram_percentile(const struct xph_histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)ceil(share * (double)histogram->count), passed = 0, value;

    if (histogram->count == 0)
        return 0;
    for (unsigned bin = 0; bin < XPH_HISTOGRAM_BINS; bin++) {
        passed += histogram->bins[bin];
        if (passed < rank || passed == 0)
            continue;
        value = middle_of(bin);
        if (value < histogram->smallest)
            return histogram->smallest;
        return value > histogram->largest ? histogram->largest : value;
    }
    return histogram->largest;
}
