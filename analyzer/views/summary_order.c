#include <stdlib.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/views/summary.h"

static int compare_vcpus(const void *a, const void *b)
{
    const struct xph_vcpu *first = *(const struct xph_vcpu *const *)a;
    const struct xph_vcpu *second = *(const struct xph_vcpu *const *)b;

    if (first->domid != second->domid)
        return first->domid < second->domid ? -1 : 1;
    return first->vcpu < second->vcpu ? -1 : first->vcpu > second->vcpu;
}

const struct xph_vcpu **xph_summary_vcpus(const struct xph_summary *summary, struct xph_error *err)
{
    const struct xph_vcpus *vcpus = &summary->machine.vcpus;
    const struct xph_vcpu **sorted = calloc(vcpus->count + 1, sizeof(const struct xph_vcpu *));

    if (!sorted) {
        xph_fail(err, "out of memory for %zu vCPUs", vcpus->count);
        return NULL;
    }
    for (size_t i = 0; i < vcpus->count; i++)
        sorted[i] = &vcpus->list[i];
    qsort(sorted, vcpus->count, sizeof(const struct xph_vcpu *), compare_vcpus);
    return sorted;
}

static int compare_events(const void *a, const void *b)
{
    uint32_t first = (*(const struct xph_event_count *const *)a)->key;
    uint32_t second = (*(const struct xph_event_count *const *)b)->key;

    return first < second ? -1 : first > second;
}

const struct xph_event_count **xph_summary_events(const struct xph_summary *summary, size_t *count,
                                                  struct xph_error *err)
{
    const struct xph_event_census *census = &summary->tally.census;
    const struct xph_event_count **sorted =
        calloc(census->count + 1, sizeof(const struct xph_event_count *));

    *count = 0;
    if (!sorted) {
        xph_fail(err, "out of memory for %zu events", census->count);
        return NULL;
    }
    for (size_t i = 0; i < xph_event_census_size(census); i++) {
        if (census->slots[i].key != 0 && census->slots[i].records > 0)
            sorted[(*count)++] = &census->slots[i];
    }
    qsort(sorted, *count, sizeof(const struct xph_event_count *), compare_events);
    return sorted;
}

uint64_t xph_summary_unknown_records(const struct xph_summary *summary)
{
    const struct xph_event_census *census = &summary->tally.census;
    uint64_t records = 0;

    for (size_t i = 0; i < xph_event_census_size(census); i++) {
        uint32_t event = census->slots[i].key - 1;

        if (census->slots[i].records > 0 && !xph_event_is_runstate_change(event) &&
            !xph_event_find(event))
            records += census->slots[i].records;
    }
    for (size_t i = 0; i < sizeof(census->others) / sizeof(census->others[0]); i++)
        records += census->others[i].records;
    return records;
}

void xph_summary_event_name(uint32_t event, char *name, size_t size)
{
    const struct xph_event *row = xph_event_find(event);

    if (xph_event_is_runstate_change(event))
        snprintf(name, size, "runstate_change %s->%s", xph_runstate_name(event >> 8 & 15),
                 xph_runstate_name(event >> 4 & 15));
    else
        snprintf(name, size, "%s", row ? row->name : "?");
}

static int compare_times(const void *a, const void *b)
{
    const struct xph_summary_times *first = a, *second = b;
    uint64_t x = first->times->times ? first->times->times->sum : 0;
    uint64_t y = second->times->times ? second->times->times->sum : 0;

    if (x != y)
        return x > y ? -1 : 1;
    if (first->times->count != second->times->count)
        return first->times->count > second->times->count ? -1 : 1;
    return first->key < second->key ? -1 : first->key > second->key;
}

size_t xph_summary_hypercalls(const struct xph_summary *summary,
                              struct xph_summary_times list[static XPH_HYPERCALLS])
{
    size_t count = 0;

    for (uint32_t op = 0; op < XPH_HYPERCALLS; op++) {
        if (summary->tally.hypercalls[op].count > 0)
            list[count++] = (struct xph_summary_times){op, &summary->tally.hypercalls[op]};
    }
    qsort(list, count, sizeof(*list), compare_times);
    return count;
}

size_t xph_summary_vmexits(const struct xph_summary *summary,
                           struct xph_summary_times list[static XPH_MAX_REASONS])
{
    size_t count = 0;

    for (size_t i = 0; i < XPH_MAX_REASONS; i++) {
        const struct xph_times *times = &summary->tally.vmexits[i];

        if (times->count > 0)
            list[count++] = (struct xph_summary_times){times->key - 1, times};
    }
    qsort(list, count, sizeof(*list), compare_times);
    return count;
}

bool xph_summary_is_svm(const struct xph_summary *summary, uint32_t key)
{
    enum { VMX_EXIT = 2 };

    if (key >> 16 != VMX_EXIT)
        return true;
    for (size_t i = 0; i < XPH_MAX_REASONS; i++) {
        const struct xph_times *times = &summary->tally.vmexits[i];

        if (times->count > 0 && (times->key - 1) >> 16 == VMX_EXIT &&
            ((times->key - 1) & 0xffff) >= XPH_VMX_REASONS)
            return true;
    }
    return false;
}
