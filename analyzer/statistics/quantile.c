#include "analyzer/statistics/quantile.h"

struct xph_quantile xph_quantile(const double *sorted, size_t count, unsigned per_mille)
{
    /* In whole numbers: 0.95 has no exact form, and 20 runs are where it matters. */
    size_t below = count / 1000 * per_mille + count % 1000 * per_mille / 1000;
    bool exact = count % 1000 * per_mille % 1000 == 0;
    size_t low = exact ? below - 1 : below, high = below;

    return (struct xph_quantile){sorted[low] + (sorted[high] - sorted[low]) / 2, low == count - 1};
}
