/*
 * How much of each stretch between some moments is covered by intervals, which may overlap. Adding
 * an interval takes a time that grows with the logarithm of the number of moments only.
 */
#ifndef XPH_ANALYZER_BUDGET_COVERAGE_H
#define XPH_ANALYZER_BUDGET_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xph_coverage {
    uint64_t *moments; /* ascending, each once; owned */
    size_t count, capacity;
    uint64_t *partly; /* by stretch: ns of the intervals that cover it partly; owned */
    int64_t *wholly;  /* by stretch: so many intervals more than the one before it cover it wholly;
                         owned */
    uint64_t *before; /* by moment: ns covered before it, when it is settled; owned */
};

/* Adds a moment, in any order, before the first interval. False without memory. */
bool xph_coverage_mark(struct xph_coverage *coverage, uint64_t moment_ns);

/* No more moments follow. False without memory. */
bool xph_coverage_begin(struct xph_coverage *coverage);
void xph_coverage_add(struct xph_coverage *coverage, uint64_t start_ns, uint64_t end_ns);

/* No more intervals follow. */
void xph_coverage_settle(struct xph_coverage *coverage);

/* ns covered between two of the moments, each interval counted. */
uint64_t xph_coverage_between(const struct xph_coverage *coverage, uint64_t start_ns,
                              uint64_t end_ns);
void xph_coverage_free(struct xph_coverage *coverage);

#endif
