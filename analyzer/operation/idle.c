#include "analyzer/operation/idle.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 1024 };

bool xph_run_edges_add(struct xph_run_edges *edges, uint64_t start_ns, uint64_t end_ns)
{
    if (edges->count + 2 > edges->capacity) {
        size_t capacity = edges->capacity ? edges->capacity * 2 : FIRST_CAPACITY;
        struct xph_run_edge *grown = realloc(edges->edges, capacity * sizeof(*grown));

        if (!grown)
            return false;
        edges->edges = grown;
        edges->capacity = capacity;
    }
    edges->edges[edges->count++] = (struct xph_run_edge){start_ns, 1};
    edges->edges[edges->count++] = (struct xph_run_edge){end_ns, -1};
    return true;
}

void xph_run_edges_free(struct xph_run_edges *edges)
{
    free(edges->edges);
    *edges = (struct xph_run_edges){0};
}

static int compare_edges(const void *a, const void *b)
{
    const struct xph_run_edge *first = a, *second = b;

    return first->at_ns < second->at_ns ? -1 : first->at_ns > second->at_ns;
}

/* A point that moves along the edges and knows how many vCPUs run there. */
struct front {
    const struct xph_run_edges *edges;
    uint64_t at_ns;
    size_t next; /* edge not yet passed */
    int running;
};

static uint64_t distance_to_next(const struct front *front)
{
    return front->next == front->edges->count
               ? UINT64_MAX
               : front->edges->edges[front->next].at_ns - front->at_ns;
}

/* Moves the front by `ns`, not beyond the next edge, and over all edges there. Returns the time run
 * on the way. */
static uint64_t move(struct front *front, uint64_t ns)
{
    uint64_t ran = ns * (uint64_t)front->running;

    front->at_ns += ns;
    while (front->next < front->edges->count &&
           front->edges->edges[front->next].at_ns <= front->at_ns)
        front->running += front->edges->edges[front->next++].change;
    return ran;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t move_to(struct front *front, uint64_t at_ns)
{
    uint64_t ran = 0;

    do
        ran += move(front, smaller(distance_to_next(front), at_ns - front->at_ns));
    while (front->at_ns < at_ns);
    return ran;
}

/*
 * The window's two ends move together from edge to edge; between two edges the time run in the
 * window changes in proportion to the way, so the moment at which it falls below the limit can be
 * computed.
 */
bool xph_find_idle(struct xph_run_edges *edges, uint64_t from_ns, uint64_t end_ns,
                   uint64_t window_ns, uint64_t max_run_ns, uint64_t *idle_ns)
{
    struct front tail = {edges, 0, 0, 0}, head = {edges, 0, 0, 0};
    uint64_t run_ns;

    if (end_ns < window_ns || from_ns > end_ns - window_ns)
        return false;
    if (edges->count > 0)
        qsort(edges->edges, edges->count, sizeof(*edges->edges), compare_edges);
    move_to(&tail, from_ns);
    head = tail;
    run_ns = move_to(&head, from_ns + window_ns);
    while (run_ns >= max_run_ns) {
        uint64_t step = smaller(distance_to_next(&tail), distance_to_next(&head));
        uint64_t falling =
            (uint64_t)(tail.running > head.running ? tail.running - head.running : 0);

        if (falling > 0)
            step = smaller(step, (run_ns - max_run_ns) / falling + 1);
        if (step == UINT64_MAX || step > end_ns - head.at_ns)
            return false;
        run_ns += move(&head, step);
        run_ns -= move(&tail, step);
    }
    *idle_ns = tail.at_ns;
    return true;
}
