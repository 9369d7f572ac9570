#include "analyzer/machine/tally.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"

enum { CLASS_PV_BIT = 5 };

void xph_tally_close(struct xph_tally *tally)
{
    free(tally->vcpus);
    *tally = (struct xph_tally){0};
}

static unsigned record_bytes(const struct xph_record *record)
{
    return 4 + (record->timed ? 8 : 0) + 4u * record->extra_words;
}

/* The tally of whoever runs on the record's pCPU. NULL without memory. */
static struct xph_vcpu_tally *tally_of(struct xph_tally *tally, const struct xph_machine *machine,
                                       uint16_t pcpu)
{
    const struct xph_vcpu *vcpu = xph_machine_running(machine, pcpu);
    size_t position = vcpu ? (size_t)(vcpu - machine->vcpus) : 0;

    if (!vcpu)
        return &tally->unplaced;
    if (position >= tally->vcpu_count) {
        size_t count = machine->vcpu_capacity;
        struct xph_vcpu_tally *grown = realloc(tally->vcpus, count * sizeof(*grown));

        if (!grown)
            return NULL;
        memset(grown + tally->vcpu_count, 0, (count - tally->vcpu_count) * sizeof(*grown));
        tally->vcpus = grown;
        tally->vcpu_count = count;
    }
    return &tally->vcpus[position];
}

static void count_pv(struct xph_vcpu_tally *vcpu, const struct xph_record *record)
{
    uint32_t op = record->extra_words > 0 ? xph_hypercall_op(record->words[0]) : XPH_HYPERCALLS;

    if (record->event == XPH_EVENT_HYPERCALL_V2 || record->event == XPH_EVENT_HYPERCALL_SUBCALL) {
        uint64_t *counts =
            record->event == XPH_EVENT_HYPERCALL_V2 ? vcpu->hypercalls : vcpu->subcalls;

        if (op < XPH_HYPERCALLS)
            counts[op]++;
        else
            vcpu->hypercalls_unknown++;
    } else {
        vcpu->pv_events[record->event % XPH_PV_EVENTS]++;
    }
}

bool xph_tally_add(struct xph_tally *tally, const struct xph_machine *machine,
                   const struct xph_record *record, struct xph_error *err)
{
    unsigned bytes = record_bytes(record);
    struct xph_vcpu_tally *vcpu;

    tally->records++;
    tally->bytes += bytes;
    for (unsigned bit = 0; bit < XPH_EVENT_CLASSES; bit++) {
        if (record->event >> (16 + bit) & 1) {
            tally->class_records[bit]++;
            tally->class_bytes[bit] += bytes;
        }
    }
    if (!xph_event_is_runstate_change(record->event) && !xph_event_find(record->event))
        tally->unknown_events++;
    if (record->event >> 16 != 1 << CLASS_PV_BIT)
        return true;
    vcpu = tally_of(tally, machine, record->pcpu);
    if (!vcpu)
        return xph_fail(err, "out of memory for %zu vCPUs", machine->vcpu_count);
    count_pv(vcpu, record);
    return true;
}

const struct xph_vcpu_tally *xph_tally_vcpu(const struct xph_tally *tally, size_t position)
{
    static const struct xph_vcpu_tally nothing;

    return position < tally->vcpu_count ? &tally->vcpus[position] : &nothing;
}
