/* The two ends of a move, for move.c only. */
#ifndef XPH_ANALYZER_OPERATION_MOVE_ENDS_H
#define XPH_ANALYZER_OPERATION_MOVE_ENDS_H

#include "analyzer/operation/move.h"

/* Xen's public/domctl.h, memory.h; what is read of a domain and set of it by its stream's two ends.
 */
enum {
    XPH_MOVE_GETVCPUCONTEXT = 13,
    XPH_MOVE_SETVCPUCONTEXT = 12,
    XPH_MOVE_GETHVMCONTEXT = 33,
    XPH_MOVE_SETHVMCONTEXT = 34,
    XPH_MOVE_SET_EXT_VCPUCONTEXT = 42,
    XPH_MOVE_GETTSCINFO = 59,
    XPH_MOVE_GETPAGEFRAMEINFO3 = 61,
    XPH_MOVE_SETVCPUEXTSTATE = 62,
    XPH_MOVE_SET_VCPU_MSRS = 73,
    XPH_MOVE_POPULATE_PHYSMAP = 6,
};

/* The calls of one task from its program's start to its end. */
struct xph_move_task {
    const struct xph_task_call *first, *end; /* the first one, and behind the last one */
    struct xph_moment ended;                 /* the task is gone */
};

struct xph_move_task xph_move_task_at(const struct xph_evidence *evidence, uint32_t pid,
                                      uint64_t ns);

/* Is the task's program one that only ever handles a stream? */
bool xph_move_is_helper(const struct xph_evidence *evidence, uint32_t pid, uint64_t ns);

void xph_move_first(struct xph_moment *moment, uint64_t ns);
void xph_move_last(struct xph_moment *moment, uint64_t ns);
bool xph_move_is_domctl(const struct xph_task_call *call, uint16_t domid, uint16_t sub);

/* Fills what is known of a source that the task of `page`, a getpageframeinfo3, reads out.
 * move->source is set. */
void xph_move_read_source(struct xph_move *move, const struct xph_evidence *evidence,
                          const struct xph_task_call *page);

/* Fills what is known of a target, if `life`, which was added, was made of a stream. */
bool xph_move_read_target(struct xph_move *move, const struct xph_evidence *evidence,
                          const struct xph_domain_life *life);

#endif
