/*
 * Two sets of runs, A and B, beside each other: like operations in groups, and of each group what
 * changed from A to B, in which phase, and what else is different between the two.
 */
#ifndef XPH_ANALYZER_COMPARE_COMPARE_H
#define XPH_ANALYZER_COMPARE_COMPARE_H

#include "analyzer/statistics/comparison.h"
#include "analyzer/statistics/warnings.h"
#include "analyzer/store/series.h"
#include "analyzer/timeline/doubts.h"

/* A difference is told from chance where p is below these: first the whole is asked, and phases
 * then, where it changed; where it did not, as phases can make up for each other, what is said of
 * them must be surer. Of comparisons without a difference, one of forty shows one in the whole or
 * in any phase (tests/unit/test_compare.c measures it). */
#define XPH_LEVEL_WHOLE       0.02
#define XPH_LEVEL_PHASE       0.05
#define XPH_LEVEL_PHASE_ALONE 0.005
#define XPH_LEVEL_RULE                                                                             \
    "the whole: p < 0.02; a phase: corrected p < 0.05 where the whole changed, else < 0.005"

/* What is known of a run beside its times. Runs are alike by the first ones; the others are the
 * conditions they were made under. */
enum xph_fact {
    XPH_FACT_OPERATION,
    XPH_FACT_ENDED_BY,
    XPH_FACT_TYPE,
    XPH_FACT_VCPUS,
    XPH_FACT_MEMORY,
    XPH_FACT_LAYERED,
    XPH_FACT_HOST,
    XPH_FACT_XEN,
    XPH_FACT_KERNEL,
    XPH_FACT_PCPUS,
    XPH_FACT_EMULATION,
    XPH_FACT_PLAN,
    XPH_FACTS,
    XPH_CONDITIONS = XPH_FACT_HOST, /* the first of them */
};

struct xph_fact_value {
    char *text;
    size_t runs[2]; /* of A, of B */
};

struct xph_compared_fact {
    struct xph_fact_value *values;
    size_t count;
};

struct xph_compared_series {
    char *phase; /* "" for the whole */
    char *layer; /* "" for the whole phase */
    double *values[2];
    size_t absent[2]; /* runs in which there is no such phase: it took no time there */
    struct xph_comparison comparison; /* of a layer, the means and their difference only */
    double corrected_p;               /* of a phase, among all of its group */
    double part;    /* of a phase, its absolute difference among those of all phases, from 0 to 1 */
    bool different; /* the whole, or a phase after correction, is told from chance */
};

struct xph_compared_group {
    struct xph_compared_fact facts[XPH_FACTS];
    size_t count[2]; /* runs of A, of B; 0 where only the other has such ones */
    size_t operations[2], doubtful[2];
    struct xph_compared_series *series; /* judged: the whole, then each phase and behind it its
                                           layers, those first that changed most */
    size_t series_count, phases;
    struct xph_warnings warnings[2]; /* of the whole */
    double *factor; /* of each run of A, the fact that a trend is sought over; NULL without one */
};

struct xph_compared {
    struct xph_compared_group *groups;
    size_t count;
    bool free_facts[XPH_FACTS]; /* by which runs need not be alike */
    bool has_factor;
    enum xph_fact factor; /* a number */
    char **identities[2]; /* of the recordings that count, sorted */
    size_t identity_count[2];
    struct xph_doubts doubts;
};

extern const char *const xph_fact_names[XPH_FACTS];

/* Takes groups and series of a side (0 is A, 1 is B); use it with xph_series_each(). */
struct xph_collector {
    struct xph_compared *compared;
    size_t side;
    size_t group, start; /* what it is at */
};
struct xph_series_visitor xph_collector_visitor(struct xph_collector *collector);

/* Fills what follows from the values, and orders it. False without memory. */
bool xph_compared_judge(struct xph_compared *compared, const struct xph_bootstrap *how,
                        struct xph_error *err);
/* Whether both sides have runs of it, so that it was judged. */
bool xph_group_is_compared(const struct xph_compared_group *group);
/* Whether a side has more than one value of a fact; whether A has none that B has. */
bool xph_fact_is_mixed(const struct xph_compared_fact *fact, size_t side);
bool xph_fact_differs(const struct xph_compared_fact *fact);
/* Adds what can be doubted. False if there are several hosts and `mix_hosts` does not allow it. */
bool xph_compared_doubt(struct xph_compared *compared, bool mix_hosts, struct xph_error *err);

void xph_compared_free(struct xph_compared *compared);

#endif
