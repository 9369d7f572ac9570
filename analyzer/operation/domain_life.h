/*
 * What happened to each domain while the recording was made: the moments that operations are made
 * of.
 */
#ifndef XPH_ANALYZER_OPERATION_DOMAIN_LIFE_H
#define XPH_ANALYZER_OPERATION_DOMAIN_LIFE_H

#include "analyzer/machine/machine.h"
#include "analyzer/machine/skew.h"
#include "analyzer/operation/idle.h"
#include "analyzer/timeline/timeline.h"
#include "analyzer/timeline/wall_clock.h"
#include "recording/recording.h"

/* A moment that may not have been seen. */
struct xph_moment {
    bool known;
    uint64_t ns;
};

/* One domain from its creation to its end; a domid that is used again is another domain. */
struct xph_domain_life {
    uint16_t domid;
    struct xph_moment added;     /* Xen's domain_add */
    struct xph_moment unpaused;  /* first vCPU leaves offline, for the first time */
    struct xph_moment first_run; /* first vCPU runs */
    struct xph_moment last_run;  /* a vCPU stopped running for the last time */
    struct xph_moment idle;      /* stopped booting; only of a domain that was added */
    struct xph_moment removed;   /* Xen's domain_remove: the last reference is gone */
    struct xph_moment paused;    /* by the toolstack; from the samples */
    struct xph_moment
        memory_falls; /* the first page given back after the pause; from the samples */
    struct xph_run_edges edges;
};

struct xph_domain_lives {
    struct xph_wall_clock wall_clock;
    struct xph_domain_life *lives; /* in the order in which they were first seen; owned */
    size_t count, capacity;
    uint32_t *first, *latest; /* by domid: position + 1 of its first and its latest; owned */
    uint64_t last_ns;         /* of the trace */
    struct xph_finding contradictions[XPH_CONTRADICTIONS]; /* of the trace's run states */
    struct xph_skew_offsets skew;                          /* between the pCPUs' TSCs */
};

/*
 * Reading, by one who follows the machine for others, too: the machine tells each interval and each
 * record, and what it has at its end before it is finished; xph_domain_lives_end() comes after
 * that. `last_ns` is the trace's. On failure the caller frees them.
 */
bool xph_domain_lives_begin(struct xph_domain_lives *lives, const struct xph_manifest *manifest,
                            struct xph_error *err);
bool xph_domain_lives_interval(struct xph_domain_lives *lives,
                               const struct xph_runstate_interval *interval, struct xph_error *err);
bool xph_domain_lives_record(struct xph_domain_lives *lives, const struct xph_record *record,
                             struct xph_error *err);
bool xph_domain_lives_machine(struct xph_domain_lives *lives, const struct xph_machine *machine,
                              struct xph_error *err);
bool xph_domain_lives_end(struct xph_domain_lives *lives, const struct xph_clock *clock,
                          uint64_t last_ns, const struct xph_mapped_file *samples,
                          struct xph_error *err);

/* The domain that had `domid` at `ns`, or may have had: NULL if none is known to have lived then.
 */
const struct xph_domain_life *xph_domain_life_at(const struct xph_domain_lives *lives,
                                                 uint16_t domid, uint64_t ns);
void xph_domain_lives_free(struct xph_domain_lives *lives);

#endif
