#include "analyzer/timeline/lane_heap.h"

#include <stdlib.h>

bool xph_lane_heap_open(struct xph_lane_heap *heap, size_t lanes)
{
    heap->size = 0;
    heap->places = calloc(lanes + 1, sizeof(*heap->places));
    return heap->places != NULL;
}

void xph_lane_heap_close(struct xph_lane_heap *heap)
{
    free(heap->places);
    *heap = (struct xph_lane_heap){0};
}

static void swap(struct xph_lane_place *a, struct xph_lane_place *b)
{
    struct xph_lane_place moved = *a;

    *a = *b;
    *b = moved;
}

void xph_lane_heap_add(struct xph_lane_heap *heap, struct xph_lane_place place)
{
    struct xph_lane_place *places = heap->places;
    size_t child = heap->size++;

    places[child] = place;
    for (; child > 0 && xph_lane_place_before(places[child], places[(child - 1) / 2]);
         child = (child - 1) / 2)
        swap(&places[child], &places[(child - 1) / 2]);
}

static void sift_down(struct xph_lane_heap *heap)
{
    struct xph_lane_place *places = heap->places;

    for (size_t parent = 0, child = 1; child < heap->size; parent = child, child = 2 * parent + 1) {
        if (child + 1 < heap->size && xph_lane_place_before(places[child + 1], places[child]))
            child++;
        if (!xph_lane_place_before(places[child], places[parent]))
            return;
        swap(&places[child], &places[parent]);
    }
}

void xph_lane_heap_move(struct xph_lane_heap *heap, uint64_t tsc)
{
    heap->places[0].tsc = tsc;
    sift_down(heap);
}

void xph_lane_heap_drop(struct xph_lane_heap *heap)
{
    heap->places[0] = heap->places[--heap->size];
    sift_down(heap);
}

struct xph_lane_place xph_lane_heap_second(const struct xph_lane_heap *heap)
{
    const struct xph_lane_place *places = heap->places;

    if (heap->size < 2)
        return (struct xph_lane_place){UINT64_MAX, SIZE_MAX};
    return heap->size > 2 && xph_lane_place_before(places[2], places[1]) ? places[2] : places[1];
}
