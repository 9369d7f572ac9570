/*
 * Limits of what may change from A to B, as a CI states them: "create.total>5%".
 */
#ifndef XPH_ANALYZER_COMPARE_LIMIT_H
#define XPH_ANALYZER_COMPARE_LIMIT_H

#include "analyzer/compare/compare.h"

enum { XPH_MAX_LIMITS = 32 };

enum xph_limit_by { XPH_LIMIT_BY_INTERVAL, XPH_LIMIT_BY_ESTIMATE };

struct xph_limit {
    const char *text;      /* the caller's, and so are the next two */
    const char *operation; /* of `operation_length` bytes; NULL for any */
    size_t operation_length;
    const char *phase; /* of `phase_length` bytes, 0 for the whole */
    size_t phase_length;
    double most; /* ns, or a part of A's mean */
    bool is_ratio;
    enum xph_limit_by by;
};

struct xph_limit_result {
    const struct xph_limit *limit;
    const struct xph_compared_group *group;
    bool has_value; /* not where A's mean is 0 and the limit is in % */
    double value;   /* the interval's lower end, or the difference itself; in the limit's unit */
    bool exceeded;
};

struct xph_limit_results {
    struct xph_limit_result *results; /* owned; one for each limit and group that it is about */
    size_t count;
    bool exceeded; /* any */
};

/* "[OPERATION.]PHASE>NUMBER%", "ms" or "s"; the whole is "total". */
bool xph_limit_parse(const char *text, struct xph_limit *limit, struct xph_error *err);
/* Checks what was judged. False if there is no such phase or operation, or too few runs for an
 * interval: what cannot be told must not pass. The caller frees `results`, also then. */
bool xph_limits_check(const struct xph_limit *limits, size_t count,
                      const struct xph_compared *compared, struct xph_limit_results *results,
                      struct xph_error *err);

#endif
