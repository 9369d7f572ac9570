#include "analyzer/budget/coverage.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

bool xph_coverage_mark(struct xph_coverage *coverage, uint64_t moment_ns)
{
    if (coverage->count == coverage->capacity) {
        size_t capacity = coverage->capacity ? coverage->capacity * 2 : FIRST_CAPACITY;
        uint64_t *grown = realloc(coverage->moments, capacity * sizeof(*grown));

        if (!grown)
            return false;
        coverage->moments = grown;
        coverage->capacity = capacity;
    }
    coverage->moments[coverage->count++] = moment_ns;
    return true;
}

static int compare_moments(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

    return first < second ? -1 : first > second;
}

bool xph_coverage_begin(struct xph_coverage *coverage)
{
    size_t count = 0;

    if (coverage->count > 0)
        qsort(coverage->moments, coverage->count, sizeof(*coverage->moments), compare_moments);
    for (size_t i = 0; i < coverage->count; i++) {
        if (count == 0 || coverage->moments[count - 1] != coverage->moments[i])
            coverage->moments[count++] = coverage->moments[i];
    }
    coverage->count = count;
    coverage->partly = calloc(count + 1, sizeof(*coverage->partly));
    coverage->wholly = calloc(count + 1, sizeof(*coverage->wholly));
    coverage->before = calloc(count + 1, sizeof(*coverage->before));
    return coverage->partly && coverage->wholly && coverage->before;
}

/* The last moment that is not after `ns`; there must be one. */
static size_t find(const struct xph_coverage *coverage, uint64_t ns)
{
    size_t low = 0, high = coverage->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (coverage->moments[middle] <= ns)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void xph_coverage_add(struct xph_coverage *coverage, uint64_t start_ns, uint64_t end_ns)
{
    size_t first, last;

    if (coverage->count < 2)
        return;
    if (start_ns < coverage->moments[0])
        start_ns = coverage->moments[0];
    if (end_ns > coverage->moments[coverage->count - 1])
        end_ns = coverage->moments[coverage->count - 1];
    if (start_ns >= end_ns)
        return;
    first = find(coverage, start_ns);
    last = find(coverage, end_ns);
    if (first == last) {
        coverage->partly[first] += end_ns - start_ns;
        return;
    }
    coverage->partly[first] += coverage->moments[first + 1] - start_ns;
    coverage->partly[last] += end_ns - coverage->moments[last];
    coverage->wholly[first + 1]++;
    coverage->wholly[last]--;
}

void xph_coverage_settle(struct xph_coverage *coverage)
{
    uint64_t covered = 0;
    int64_t wholly = 0;

    for (size_t i = 0; i < coverage->count; i++) {
        coverage->before[i] = covered;
        if (i + 1 == coverage->count)
            break;
        wholly += coverage->wholly[i];
        covered += coverage->partly[i] +
                   (uint64_t)wholly * (coverage->moments[i + 1] - coverage->moments[i]);
    }
}

uint64_t xph_coverage_between(const struct xph_coverage *coverage, uint64_t start_ns,
                              uint64_t end_ns)
{
    if (coverage->count == 0 || start_ns >= end_ns)
        return 0;
    return coverage->before[find(coverage, end_ns)] - coverage->before[find(coverage, start_ns)];
}

void xph_coverage_free(struct xph_coverage *coverage)
{
    free(coverage->moments);
    free(coverage->partly);
    free(coverage->wholly);
    free(coverage->before);
    *coverage = (struct xph_coverage){0};
}
