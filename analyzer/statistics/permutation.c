#include "analyzer/statistics/permutation.h"

#include <gsl/gsl_combination.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

/* The means differ as far as the sum of the smaller side is from what it would be without a
 * difference: of centred values, from 0. */
struct pool {
    double *centred; /* all values less their mean; of the smaller side first */
    size_t count, part;
    double reached; /* a sum as far from 0 as this one counts */
};

/* Divisions are as many as ways to choose `part` of `count`; more than any test tries is enough to
 * know. */
static double count_divisions(size_t count, size_t part)
{
    double divisions = 1;

    for (size_t i = 1; i <= part && divisions < 1e15; i++)
        divisions = round(divisions * (double)(count - part + i) / (double)i);
    return divisions;
}

static bool is_exact(double divisions)
{
    return divisions <= XPH_PERMUTATIONS_EXACT;
}

double xph_permutation_least_p(size_t a_count, size_t b_count)
{
    double divisions = count_divisions(a_count + b_count, a_count < b_count ? a_count : b_count);

    if (!is_exact(divisions))
        return 1.0 / (XPH_PERMUTATIONS_RANDOM + 1);
    /* Of two sides of one size, the other way round is as far apart. */
    return a_count == b_count ? fmin(1, 2 / divisions) : 1 / divisions;
}

static void fill_pool(struct pool *pool, const double *small, const double *large)
{
    double mean = 0, sum = 0, spread = 0;

    for (size_t i = 0; i < pool->count; i++) {
        pool->centred[i] = i < pool->part ? small[i] : large[i - pool->part];
        mean += pool->centred[i] / (double)pool->count;
    }
    for (size_t i = 0; i < pool->count; i++) {
        pool->centred[i] -= mean;
        spread += fabs(pool->centred[i]);
        if (i < pool->part)
            sum += pool->centred[i];
    }
    /* The same sum in another order is another one in its last digits. */
    pool->reached = fabs(sum) - 1e-12 * spread;
}

static bool try_all(const struct pool *pool, double *reached)
{
    gsl_combination *chosen = gsl_combination_calloc(pool->count, pool->part);

    if (!chosen)
        return false;
    do {
        const size_t *positions = gsl_combination_data(chosen);
        double sum = 0;

        for (size_t i = 0; i < pool->part; i++)
            sum += pool->centred[positions[i]];
        *reached += fabs(sum) >= pool->reached;
    } while (gsl_combination_next(chosen) == GSL_SUCCESS);
    gsl_combination_free(chosen);
    return true;
}

/* Only the smaller side is drawn: the first steps of a shuffle. */
static bool try_some(const struct pool *pool, unsigned long seed, double *reached)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

    if (!random)
        return false;
    gsl_rng_set(random, seed);
    for (size_t r = 0; r < XPH_PERMUTATIONS_RANDOM; r++) {
        double sum = 0;

        for (size_t i = 0; i < pool->part; i++) {
            size_t other = i + gsl_rng_uniform_int(random, pool->count - i);
            double drawn = pool->centred[other];

            pool->centred[other] = pool->centred[i];
            pool->centred[i] = drawn;
            sum += drawn;
        }
        *reached += fabs(sum) >= pool->reached;
    }
    gsl_rng_free(random);
    return true;
}

bool xph_permutation_test(const double *a, size_t a_count, const double *b, size_t b_count,
                          unsigned long seed, struct xph_permutation *result, struct xph_error *err)
{
    bool a_small = a_count <= b_count;
    struct pool pool = {
        .count = a_count + b_count,
        .part = a_small ? a_count : b_count,
        .centred = calloc(a_count + b_count, sizeof(*pool.centred)),
    };
    /* GSL's own handler would end the program for want of memory. */
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    double divisions = count_divisions(pool.count, pool.part), reached = 0;
    bool ok = pool.centred != NULL;

    *result = (struct xph_permutation){
        .exact = is_exact(divisions),
        .divisions = is_exact(divisions) ? divisions : XPH_PERMUTATIONS_RANDOM,
        .least_p = xph_permutation_least_p(a_count, b_count),
    };
    if (ok) {
        fill_pool(&pool, a_small ? a : b, a_small ? b : a);
        ok = result->exact ? try_all(&pool, &reached) : try_some(&pool, seed, &reached);
    }
    /* The division that there is counts, too, so that no p is 0 (Phipson and Smyth, 2010). */
    result->p =
        result->exact ? reached / divisions : (reached + 1) / (XPH_PERMUTATIONS_RANDOM + 1.0);
    gsl_set_error_handler(handler);
    free(pool.centred);
    return ok || xph_fail(err, "out of memory for a permutation test of %zu runs", pool.count);
}
