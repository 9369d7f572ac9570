/*
 * How far the TSCs of two pCPUs can be apart, by what the trace itself carries. Xen writes a vCPU's
 * run state records under a lock, one after the other on whichever pCPU (common/sched/core.c,
 * vcpu_runstate_change()): where one on pCPU A is followed by one on pCPU B, B's TSC less A's
 * cannot be ahead by more than lies between the two. The least of these gaps in each direction, as
 * a filter of NTP takes the fastest packets, bounds the difference of the two TSCs; over several
 * pCPUs the bounds add up along the shortest way.
 *
 * Which record follows which is told by their times, so that a difference of 0 is always possible
 * at first. If the vCPUs' states contradict each other in this order, those differences are looked
 * for that put all records in order (skew_search.h), and the bounds are around them. Times are not
 * corrected: a doubt tells what is wrong with them.
 */
#ifndef XPH_ANALYZER_MACHINE_SKEW_H
#define XPH_ANALYZER_MACHINE_SKEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

enum {
    XPH_SKEW_PCPUS = 256,       /* so many are looked at: the first that share a vCPU */
    XPH_SKEW_SAMPLE = 1 << 16,  /* so many records are kept, for a search */
    XPH_SKEW_VCPUS = 1 << 16,   /* of vCPUs up to this position */
    XPH_SKEW_CONTRADICTIONS = 8 /* fewer can be damage, and nothing is searched */
};

/* A change of run state. */
struct xph_skew_record {
    uint64_t tsc;
    uint32_t vcpu; /* its position in the machine */
    uint16_t pcpu;
    uint8_t old, new;
};

struct xph_skew {
    uint16_t pcpus[XPH_SKEW_PCPUS]; /* their numbers */
    size_t pcpu_count;
    uint16_t *positions;            /* by number: the one in `pcpus` + 1, or 0; owned */
    uint64_t *gaps;                 /* [from][to]: the least, in cycles; owned */
    uint64_t pairs;                 /* of records that told of a gap */
    struct xph_skew_record *sample; /* in the order of time; owned */
    size_t sample_count, sample_limit;
};

bool xph_skew_open(struct xph_skew *skew, struct xph_error *err);
void xph_skew_close(struct xph_skew *skew);

/* The pCPU's position + 1, given to it when it is first asked for; 0 if there are too many. */
size_t xph_skew_position(struct xph_skew *skew, uint16_t pcpu);

/* A vCPU's record on pCPU `from` was followed by its record on pCPU `to`, `cycles` later. */
void xph_skew_pair(struct xph_skew *skew, uint16_t from, uint16_t to, uint64_t cycles);

/* Any record of a run state, in the order of time. */
static inline void xph_skew_sample(struct xph_skew *skew, struct xph_skew_record record)
{
    if (skew->sample_count < skew->sample_limit)
        skew->sample[skew->sample_count++] = record;
}

/* Records were lost since then: states do not follow on each other any more. */
void xph_skew_loss(struct xph_skew *skew, uint64_t since_tsc);

/* By how many cycles a pCPU's TSC is ahead of the reference's: at least and at most. */
struct xph_skew_offset {
    uint16_t pcpu;
    bool bounded_below, bounded_above;
    int64_t least, most;
};

struct xph_skew_offsets {
    enum {
        XPH_SKEW_NONE,       /* 0 explains the trace */
        XPH_SKEW_PROVEN,     /* 0 does not, others do */
        XPH_SKEW_UNEXPLAINED /* states contradict each other, whatever the differences are */
    } verdict;
    uint16_t reference;           /* the lowest pCPU that shares a vCPU with another one */
    uint64_t pairs;               /* of records that the bounds are by */
    size_t count;                 /* 0: no vCPU had records on two pCPUs, or UNEXPLAINED */
    struct xph_skew_offset *list; /* of the others, ascending by pCPU; owned */
};

/* `contradictions`: how often a vCPU's state was another one than its record told. */
bool xph_skew_find(const struct xph_skew *skew, uint64_t contradictions,
                   struct xph_skew_offsets *offsets, struct xph_error *err);
void xph_skew_offsets_free(struct xph_skew_offsets *offsets);

/* Does the trace prove that the pCPU's TSC is another one than the reference's? */
static inline bool xph_skew_is_proven(const struct xph_skew_offset *offset)
{
    return (offset->bounded_below && offset->least > 0) ||
           (offset->bounded_above && offset->most < 0);
}

#endif
