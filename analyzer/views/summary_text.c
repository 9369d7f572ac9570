#include "analyzer/views/summary_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "analyzer/decode/events.h"
#include "analyzer/views/dump_text.h"

static void print_seconds(FILE *out, uint64_t ns)
{
    fprintf(out, "%6" PRIu64 ".%09" PRIu64 " s", ns / 1000000000, ns % 1000000000);
}

static void print_header(FILE *out, const struct xph_timeline *timeline,
                         const struct xph_tally *tally)
{
    fprintf(out, "span      ");
    print_seconds(out, timeline->last_ns - timeline->first_ns);
    fprintf(out, " at a TSC of %" PRIu64 ".%03" PRIu64 " MHz\n", timeline->clock.khz / 1000,
            timeline->clock.khz % 1000);
    fprintf(out,
            "records   %" PRIu64 " in %" PRIu64 " bytes on %zu pCPUs, %" PRIu64
            " of unknown events\n",
            tally->records, tally->bytes, timeline->file.pcpu_count, tally->unknown_events);
    for (unsigned bit = 0; bit < XPH_EVENT_CLASSES; bit++) {
        if (tally->class_records[bit] > 0)
            fprintf(out, "  class %-9s %12" PRIu64 " records %14" PRIu64 " bytes\n",
                    xph_event_class_name(UINT32_C(1) << (16 + bit)), tally->class_records[bit],
                    tally->class_bytes[bit]);
    }
}

/* The time in each state between the vCPU's first run and its last record of a run state. */
static void print_runstates(FILE *out, const struct xph_clock *clock, const struct xph_vcpu *vcpu)
{
    for (unsigned state = 0; state < XPH_RUNSTATES; state++) {
        if (vcpu->intervals[state] == 0)
            continue;
        fprintf(out, "  state %-9s ", xph_runstate_name(state));
        print_seconds(out, xph_clock_cycles_to_ns(clock, vcpu->cycles[state]));
        fprintf(out, " %20" PRIu64 " cycles in %" PRIu64 " intervals\n", vcpu->cycles[state],
                vcpu->intervals[state]);
    }
}

static void print_entries(FILE *out, const struct xph_vcpu_tally *tally)
{
    for (uint32_t op = 0; op < XPH_HYPERCALLS; op++) {
        const char *name = xph_hypercall_name(op);

        if (tally->hypercalls[op] + tally->subcalls[op] == 0)
            continue;
        fprintf(out, "  hypercall %-30s [%2" PRIu32 "] %10" PRIu64, name ? name : "?", op,
                tally->hypercalls[op] + tally->subcalls[op]);
        if (tally->subcalls[op] > 0)
            fprintf(out, " (%" PRIu64 " of them in multicalls)", tally->subcalls[op]);
        fputc('\n', out);
    }
    if (tally->hypercalls_unknown > 0)
        fprintf(out, "  hypercall with a number that Xen does not have %10" PRIu64 "\n",
                tally->hypercalls_unknown);
    for (uint32_t minor = 0; minor < XPH_PV_EVENTS; minor++) {
        const struct xph_event *event = xph_event_find(0x00201000 | minor);

        if (tally->pv_events[minor] > 0)
            fprintf(out, "  entry     %-30s      %10" PRIu64 "\n", event ? event->name : "?",
                    tally->pv_events[minor]);
    }
}

static int compare_vcpus(const void *a, const void *b)
{
    const struct xph_vcpu *first = *(const struct xph_vcpu *const *)a;
    const struct xph_vcpu *second = *(const struct xph_vcpu *const *)b;

    if (first->domid != second->domid)
        return first->domid < second->domid ? -1 : 1;
    return first->vcpu < second->vcpu ? -1 : first->vcpu > second->vcpu;
}

static void print_vcpus(FILE *out, const struct xph_timeline *timeline,
                        const struct xph_machine *machine, const struct xph_tally *tally)
{
    const struct xph_vcpu **sorted =
        calloc(machine->vcpu_count + 1, sizeof(const struct xph_vcpu *));
    char name[24];

    for (size_t i = 0; sorted && i < machine->vcpu_count; i++)
        sorted[i] = &machine->vcpus[i];
    if (sorted)
        qsort(sorted, machine->vcpu_count, sizeof(const struct xph_vcpu *), compare_vcpus);
    for (size_t i = 0; i < machine->vcpu_count; i++) {
        const struct xph_vcpu *vcpu = sorted ? sorted[i] : &machine->vcpus[i];

        xph_vcpu_text(vcpu, name);
        fprintf(out, "vcpu %s\n", name);
        print_runstates(out, &timeline->clock, vcpu);
        print_entries(out, xph_tally_vcpu(tally, (size_t)(vcpu - machine->vcpus)));
    }
    free(sorted);
}

void xph_summary_text(FILE *out, const struct xph_timeline *timeline,
                      const struct xph_machine *machine, const struct xph_tally *tally)
{
    print_header(out, timeline, tally);
    print_vcpus(out, timeline, machine, tally);
    fprintf(out, "vcpu d?v? (a pCPU's records before its first run state record)\n");
    print_entries(out, &tally->unplaced);
}
