#include "analyzer/summary/tally.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_VCPU_BITS = 8,
    MAX_PV_VCPUS = 1 << 16, /* the same bound as XPH_MAX_VCPUS, for what takes more memory */
};

bool xph_tally_open(struct xph_tally *tally, struct xph_error *err)
{
    memset(tally, 0, sizeof(*tally));
    tally->vcpu_bits = FIRST_VCPU_BITS;
    tally->unplaced.vcpu = XPH_NO_VCPU;
    tally->last = &tally->unplaced;
    tally->vcpus = calloc((size_t)1 << tally->vcpu_bits, sizeof(struct xph_vcpu_tally *));
    if (!tally->vcpus)
        return xph_fail(err, "out of memory");
    if (xph_event_census_open(&tally->census, err))
        return true;
    xph_tally_close(tally);
    return false;
}

static void free_times(struct xph_times *times, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(times[i].times);
}

void xph_tally_close(struct xph_tally *tally)
{
    for (size_t i = 0; tally->vcpus && i < (size_t)1 << tally->vcpu_bits; i++) {
        if (tally->vcpus[i])
            free(tally->vcpus[i]->pv);
        free(tally->vcpus[i]);
    }
    free(tally->vcpus);
    free(tally->unplaced.pv);
    free_times(tally->hypercalls, XPH_HYPERCALLS);
    free_times(tally->vmexits, XPH_MAX_REASONS);
    xph_event_census_close(&tally->census);
    memset(tally, 0, sizeof(*tally));
}

static struct xph_vcpu_tally **find_slot(struct xph_vcpu_tally **table, unsigned bits,
                                         uint32_t vcpu)
{
    size_t slot = vcpu * UINT32_C(2654435769) >> (32 - bits);

    while (table[slot] && table[slot]->vcpu != vcpu)
        slot = (slot + 1) & (((size_t)1 << bits) - 1);
    return &table[slot];
}

static bool grow(struct xph_tally *tally)
{
    unsigned bits = tally->vcpu_bits + 1;
    struct xph_vcpu_tally **grown = calloc((size_t)1 << bits, sizeof(struct xph_vcpu_tally *));

    if (!grown)
        return false;
    for (size_t i = 0; i < (size_t)1 << tally->vcpu_bits; i++) {
        if (tally->vcpus[i])
            *find_slot(grown, bits, tally->vcpus[i]->vcpu) = tally->vcpus[i];
    }
    free(tally->vcpus);
    tally->vcpus = grown;
    tally->vcpu_bits = bits;
    return true;
}

static struct xph_vcpu_tally *add_vcpu(struct xph_tally *tally, uint32_t vcpu)
{
    struct xph_vcpu_tally **slot;

    if (tally->vcpu_count == XPH_MAX_VCPUS)
        return &tally->unplaced;
    if (tally->vcpu_count >= (size_t)1 << (tally->vcpu_bits - 1) && !grow(tally))
        return NULL;
    slot = find_slot(tally->vcpus, tally->vcpu_bits, vcpu);
    *slot = calloc(1, sizeof(**slot));
    if (!*slot)
        return NULL;
    (*slot)->vcpu = vcpu;
    tally->vcpu_count++;
    return *slot;
}

struct xph_vcpu_tally *xph_tally_vcpu(struct xph_tally *tally, uint32_t vcpu)
{
    struct xph_vcpu_tally *found;

    if (tally->last->vcpu == vcpu)
        return tally->last;
    found =
        vcpu == XPH_NO_VCPU ? &tally->unplaced : *find_slot(tally->vcpus, tally->vcpu_bits, vcpu);
    if (!found)
        found = add_vcpu(tally, vcpu);
    if (!found) {
        tally->failed = true;
        return &tally->unplaced;
    }
    return tally->last = found;
}

const struct xph_vcpu_tally *xph_tally_find(const struct xph_tally *tally, uint32_t vcpu)
{
    return vcpu == XPH_NO_VCPU ? &tally->unplaced
                               : *find_slot(tally->vcpus, tally->vcpu_bits, vcpu);
}

struct xph_pv_tally *xph_tally_pv(struct xph_tally *tally, struct xph_vcpu_tally *vcpu)
{
    if (!vcpu->pv && tally->pv_count >= MAX_PV_VCPUS && vcpu != &tally->unplaced)
        return xph_tally_pv(tally, &tally->unplaced);
    if (!vcpu->pv) {
        vcpu->pv = calloc(1, sizeof(*vcpu->pv));
        tally->failed |= !vcpu->pv;
        tally->pv_count++;
    }
    return vcpu->pv;
}

struct xph_times *xph_tally_reason(struct xph_tally *tally, uint32_t reason)
{
    size_t slot = reason * UINT32_C(2654435769) >> 24;

    for (size_t tried = 0; tried < XPH_MAX_REASONS; tried++) {
        struct xph_times *times = &tally->vmexits[(slot + tried) % XPH_MAX_REASONS];

        if (times->key == 0)
            times->key = reason + 1;
        if (times->key == reason + 1)
            return times;
    }
    return NULL;
}

struct xph_histogram *xph_times_histogram(struct xph_tally *tally, struct xph_times *times)
{
    if (!times->times) {
        times->times = calloc(1, sizeof(*times->times));
        tally->failed |= !times->times;
    }
    return times->times;
}

static void join_times(struct xph_tally *tally, struct xph_times *to, const struct xph_times *from)
{
    to->count += from->count;
    if (from->times && xph_times_histogram(tally, to))
        xph_histogram_join(to->times, from->times);
}

static void join_vcpu(struct xph_tally *tally, const struct xph_vcpu_tally *from)
{
    struct xph_vcpu_tally *to = xph_tally_vcpu(tally, from->vcpu);
    struct xph_pv_tally *pv = from->pv ? xph_tally_pv(tally, to) : NULL;

    to->vmexits += from->vmexits;
    if (!pv)
        return;
    for (unsigned op = 0; op < XPH_HYPERCALLS; op++) {
        pv->hypercalls[op] += from->pv->hypercalls[op];
        pv->subcalls[op] += from->pv->subcalls[op];
    }
    pv->hypercalls_unknown += from->pv->hypercalls_unknown;
    for (unsigned event = 0; event < XPH_PV_EVENTS; event++)
        pv->events[event] += from->pv->events[event];
}

void xph_tally_join(struct xph_tally *tally, const struct xph_tally *from)
{
    xph_event_census_add(&tally->census, &from->census);
    for (size_t i = 0; i < (size_t)1 << from->vcpu_bits; i++) {
        if (from->vcpus[i])
            join_vcpu(tally, from->vcpus[i]);
    }
    join_vcpu(tally, &from->unplaced);
    for (unsigned op = 0; op < XPH_HYPERCALLS; op++)
        join_times(tally, &tally->hypercalls[op], &from->hypercalls[op]);
    for (size_t i = 0; i < XPH_MAX_REASONS; i++) {
        const struct xph_times *times = &from->vmexits[i];
        struct xph_times *to = times->key ? xph_tally_reason(tally, times->key - 1) : NULL;

        if (to)
            join_times(tally, to, times);
        else
            tally->vmexits_other += times->count;
    }
    tally->vmexits_other += from->vmexits_other;
    tally->ran_cycles += from->ran_cycles;
    tally->ran_ns += from->ran_ns;
    tally->ran_intervals += from->ran_intervals;
    tally->failed |= from->failed;
}
