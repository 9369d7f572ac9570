/*
 * Which of several lanes comes next in time: the one with the earliest TSC, and of those at the
 * same cycle the one with the lowest number, so that the order is always the same.
 */
#ifndef XPH_ANALYZER_TIMELINE_LANE_HEAP_H
#define XPH_ANALYZER_TIMELINE_LANE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xph_lane_place {
    uint64_t tsc;
    size_t lane;
};

/* A binary heap: the first place is the earliest. */
struct xph_lane_heap {
    struct xph_lane_place *places; /* owned */
    size_t size;
};

/* Is `a` before `b`? */
static inline bool xph_lane_place_before(struct xph_lane_place a, struct xph_lane_place b)
{
    return a.tsc != b.tsc ? a.tsc < b.tsc : a.lane < b.lane;
}

/* An empty heap with room for so many lanes; false without memory. */
bool xph_lane_heap_open(struct xph_lane_heap *heap, size_t lanes);
void xph_lane_heap_close(struct xph_lane_heap *heap);
void xph_lane_heap_add(struct xph_lane_heap *heap, struct xph_lane_place place);

/* The first lane has moved on to `tsc`. */
void xph_lane_heap_move(struct xph_lane_heap *heap, uint64_t tsc);

/* The first lane is at its end. */
void xph_lane_heap_drop(struct xph_lane_heap *heap);

/* The place after the first one: of no lane at the end of time if there is none. */
struct xph_lane_place xph_lane_heap_second(const struct xph_lane_heap *heap);

#endif
