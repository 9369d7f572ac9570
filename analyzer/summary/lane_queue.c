#include "analyzer/summary/lane_queue.h"

#include <stdlib.h>

static void append(struct xph_lane_queue *queue, struct xph_lane_chunk *first,
                   struct xph_lane_chunk *last)
{
    if (queue->last)
        queue->last->next = first;
    else
        queue->first = first;
    queue->last = last;
}

struct xph_lane_event *xph_lane_queue_add(struct xph_lane_queue *queue)
{
    if (!queue->last || queue->last->count == XPH_LANE_CHUNK_EVENTS) {
        struct xph_lane_chunk *chunk = malloc(sizeof(*chunk));

        if (!chunk)
            return NULL;
        chunk->next = NULL;
        chunk->count = 0;
        append(queue, chunk, chunk);
    }
    queue->count++;
    return &queue->last->events[queue->last->count++];
}

void xph_lane_queue_join(struct xph_lane_queue *queue, struct xph_lane_queue *from)
{
    if (!from->first)
        return;
    append(queue, from->first, from->last);
    queue->count += from->count;
    *from = (struct xph_lane_queue){0};
}

static void drop_chunk(struct xph_lane_queue *queue)
{
    struct xph_lane_chunk *chunk = queue->first;

    queue->first = chunk->next;
    queue->taken = 0;
    if (!queue->first)
        queue->last = NULL;
    free(chunk);
}

void xph_lane_queue_drop(struct xph_lane_queue *queue)
{
    queue->count--;
    if (++queue->taken == queue->first->count)
        drop_chunk(queue);
}

void xph_lane_queue_free(struct xph_lane_queue *queue)
{
    while (queue->first)
        drop_chunk(queue);
    queue->count = 0;
}
