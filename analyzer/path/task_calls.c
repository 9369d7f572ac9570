#include "analyzer/path/task_calls.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

void xph_task_calls_close(struct xph_task_calls *calls)
{
    free(calls->calls);
    *calls = (struct xph_task_calls){0};
}

bool xph_task_calls_add(struct xph_task_calls *calls, uint32_t pid,
                        const struct xph_hypercall_span *span, struct xph_error *err)
{
    if (span->return_ns < span->entry_ns)
        return true;
    if (calls->count == calls->capacity) {
        size_t capacity = calls->capacity ? calls->capacity * 2 : FIRST_CAPACITY;
        struct xph_task_call *grown = realloc(calls->calls, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu hypercalls", capacity);
        calls->calls = grown;
        calls->capacity = capacity;
    }
    calls->calls[calls->count++] = (struct xph_task_call){
        .pid = pid,
        .start_ns = span->entry_ns,
        .end_ns = span->return_ns,
        .xen_ns = span->record_ns,
        .created = span->created,
        .target = span->target,
        .result = span->result,
    };
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct xph_task_call *first = a, *second = b;

    if (first->pid != second->pid)
        return first->pid < second->pid ? -1 : 1;
    return first->start_ns < second->start_ns ? -1 : first->start_ns > second->start_ns;
}

void xph_task_calls_sort(struct xph_task_calls *calls)
{
    if (calls->count > 0)
        qsort(calls->calls, calls->count, sizeof(*calls->calls), compare);
}

const struct xph_task_call *xph_task_call_after(const struct xph_task_calls *calls, uint32_t pid,
                                                uint64_t ns)
{
    size_t low = 0, high = calls->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct xph_task_call *call = &calls->calls[middle];

        if (call->pid < pid || (call->pid == pid && call->end_ns <= ns))
            low = middle + 1;
        else
            high = middle;
    }
    return low < calls->count && calls->calls[low].pid == pid ? &calls->calls[low] : NULL;
}
