#include "analyzer/summary/taker.h"

#include <stdlib.h>

/* What a vCPU that was taken off its pCPU in a VM exit brings along. */
struct xph_paused_exit {
    uint32_t reason; /* XPH_NO_REASON: it is in none */
    uint64_t cycles;
    size_t losses; /* that were known then: later ones may hide its end */
};

bool xph_taker_open(struct xph_taker *taker, struct xph_machine *machine,
                    const struct xph_trace_file *file, struct xph_error *err)
{
    *taker = (struct xph_taker){.machine = machine, .file = file};
    taker->queues = calloc(file->pcpu_count + 1, sizeof(*taker->queues));
    return (taker->queues && xph_lane_heap_open(&taker->heap, file->pcpu_count)) ||
           xph_fail(err, "out of memory for %zu CPUs", file->pcpu_count);
}

void xph_taker_close(struct xph_taker *taker)
{
    for (size_t lane = 0; taker->queues && lane < taker->file->pcpu_count; lane++)
        xph_lane_queue_free(&taker->queues[lane]);
    free(taker->queues);
    free(taker->paused);
    xph_lane_heap_close(&taker->heap);
    *taker = (struct xph_taker){0};
}

static bool grow_paused(struct xph_taker *taker, struct xph_error *err)
{
    size_t count = taker->machine->vcpus.capacity;
    struct xph_paused_exit *grown = realloc(taker->paused, count * sizeof(*grown));

    if (!grown)
        return xph_fail(err, "out of memory for %zu vCPUs", count);
    for (size_t i = taker->paused_count; i < count; i++)
        grown[i] = (struct xph_paused_exit){.reason = XPH_NO_REASON};
    taker->paused = grown;
    taker->paused_count = count;
    return true;
}

static bool take_exit(struct xph_taker *taker, const struct xph_lane_event *event,
                      struct xph_tally *tally, struct xph_error *err)
{
    const struct xph_machine *machine = taker->machine;
    uint32_t position =
        xph_vcpus_position(&machine->vcpus, (uint16_t)(event->vcpu >> 16), (uint16_t)event->vcpu);
    struct xph_paused_exit *paused;

    if (position == 0)
        return true;
    if (position > taker->paused_count && !grow_paused(taker, err))
        return false;
    paused = &taker->paused[position - 1];
    if (event->reason != XPH_NO_REASON)
        *paused = (struct xph_paused_exit){event->reason, event->cycles, machine->loss_count};
    else if (paused->reason != XPH_NO_REASON)
        paused->cycles += event->cycles;
    if (event->what == XPH_LANE_EXIT_RESUMED) {
        struct xph_times *times =
            paused->reason != XPH_NO_REASON && paused->losses == machine->loss_count
                ? xph_tally_reason(tally, paused->reason)
                : NULL;

        if (times)
            xph_times_add(tally, times, paused->cycles);
        paused->reason = XPH_NO_REASON;
    }
    return true;
}

static bool take_event(struct xph_taker *taker, size_t lane, const struct xph_lane_event *event,
                       struct xph_tally *tally, struct xph_error *err)
{
    struct xph_machine_event change = {.pcpu = taker->file->pcpus[lane].pcpu,
                                       .domid = (uint16_t)(event->vcpu >> 16),
                                       .vcpu = (uint16_t)event->vcpu,
                                       .tsc = event->tsc,
                                       .file_offset = event->file_offset};

    switch (event->what) {
    case XPH_LANE_STATE:
        change.kind = XPH_MACHINE_STATE;
        change.old = event->old;
        change.new = event->new;
        break;
    case XPH_LANE_LOSS:
        change.kind = XPH_MACHINE_LOSS;
        change.lost_since_tsc = event->cycles;
        break;
    case XPH_LANE_REMOVE:
        change.kind = XPH_MACHINE_REMOVE;
        change.domid = (uint16_t)event->vcpu;
        break;
    case XPH_LANE_EXIT_PAUSED:
    case XPH_LANE_EXIT_RESUMED:
        return take_exit(taker, event, tally, err);
    }
    return xph_machine_take(taker->machine, &change, err);
}

/* Takes the first lane's events as long as none of another lane comes before them, nor may yet
 * come. False on error. */
static bool take_run(struct xph_taker *taker, size_t lane, struct xph_lane_place limit,
                     struct xph_tally *tally, struct xph_error *err)
{
    struct xph_lane_queue *queue = &taker->queues[lane];
    struct xph_lane_place second = xph_lane_heap_second(&taker->heap);
    const struct xph_lane_event *event;

    if (xph_lane_place_before(second, limit))
        limit = second;
    while ((event = xph_lane_queue_first(queue)) &&
           !xph_lane_place_before(limit, (struct xph_lane_place){event->tsc, lane})) {
        if (!take_event(taker, lane, event, tally, err))
            return false;
        xph_lane_queue_drop(queue);
    }
    if (event)
        xph_lane_heap_move(&taker->heap, event->tsc);
    else
        xph_lane_heap_drop(&taker->heap);
    return true;
}

bool xph_taker_take(struct xph_taker *taker, struct xph_lane_place limit, struct xph_tally *tally,
                    struct xph_error *err)
{
    struct xph_lane_heap *heap = &taker->heap;

    heap->size = 0;
    for (size_t lane = 0; lane < taker->file->pcpu_count; lane++) {
        const struct xph_lane_event *event = xph_lane_queue_first(&taker->queues[lane]);

        if (event)
            xph_lane_heap_add(heap, (struct xph_lane_place){event->tsc, lane});
    }
    while (heap->size > 0 && !xph_lane_place_before(limit, heap->places[0])) {
        if (!take_run(taker, heap->places[0].lane, limit, tally, err))
            return false;
    }
    return true;
}
