#include <inttypes.h>
#include <stdlib.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/views/dump_text.h"
#include "analyzer/views/summary.h"
#include "analyzer/views/terminal_text.h"

static void print_seconds(FILE *out, uint64_t ns)
{
    fprintf(out, "%6" PRIu64 ".%09" PRIu64 " s", ns / 1000000000, ns % 1000000000);
}

static double microseconds(const struct xph_summary_view *view, uint64_t cycles)
{
    return (double)cycles * 1000 / (double)view->clock.khz;
}

static void print_clock(FILE *out, const struct xph_summary_view *view)
{
    fprintf(out, "TSC       %" PRIu64 ".%03" PRIu64 " MHz", view->clock.khz / 1000,
            view->clock.khz % 1000);
    if (view->khz_estimated)
        fprintf(out, " +-%.0f ppm, estimated from the scheduler's records: nobody told it",
                view->khz_error_ppm);
    else if (view->khz_estimate > 0)
        fprintf(out, "; %" PRIu64 ".%03" PRIu64 " MHz +-%.0f ppm by the scheduler's records",
                view->khz_estimate / 1000, view->khz_estimate % 1000, view->khz_error_ppm);
    else
        fputs("; too few of the scheduler's records to check it", out);
    fputc('\n', out);
}

static void print_pcpus(FILE *out, const struct xph_summary_view *view)
{
    for (size_t i = 0; i < view->summary->pcpu_count; i++) {
        const struct xph_summary_pcpu *pcpu = &view->summary->pcpus[i];

        fprintf(out,
                "  pcpu  %-9u %12" PRIu64 " records %14" PRIu64 " bytes in %" PRIu64 " windows, ",
                pcpu->pcpu, pcpu->records, pcpu->bytes, pcpu->windows);
        print_seconds(out, xph_clock_ns(&view->clock, pcpu->first_tsc));
        fputs(" to ", out);
        print_seconds(out, xph_clock_ns(&view->clock, pcpu->last_tsc));
        fputc('\n', out);
    }
}

static void print_classes(FILE *out, const struct xph_summary *summary)
{
    const struct xph_event_census *census = &summary->tally.census;
    uint64_t records[XPH_EVENT_CLASSES] = {0}, bytes[XPH_EVENT_CLASSES] = {0};

    for (size_t i = 0; i < xph_event_census_size(census); i++) {
        const struct xph_event_count *event = &census->slots[i];
        unsigned class = event->key ? (unsigned)__builtin_ctz((event->key - 1) >> 16) : 0;

        records[class] += event->records;
        bytes[class] += event->bytes;
    }
    for (unsigned class = 0; class < XPH_EVENT_CLASSES; class ++) {
        records[class] += census->others[class].records;
        bytes[class] += census->others[class].bytes;
        if (records[class] > 0)
            fprintf(out, "  class %-9s %12" PRIu64 " records %14" PRIu64 " bytes\n",
                    xph_event_class_name(UINT32_C(1) << (16 + class)), records[class],
                    bytes[class]);
    }
}

static void print_losses(FILE *out, const struct xph_summary_view *view)
{
    const struct xph_losses *losses = &view->summary->losses;

    fprintf(out, "lost      %" PRIu64 " records in %" PRIu64 " gaps\n", losses->records,
            losses->gaps);
    for (size_t i = 0; i < losses->count; i++) {
        const struct xph_loss *loss = &losses->list[i];

        fprintf(out, "  pcpu  %-9u %12" PRIu64 " records, ", loss->pcpu, loss->records);
        print_seconds(out, xph_clock_ns(&view->clock, loss->start_tsc));
        fputs(" to ", out);
        print_seconds(out, xph_clock_ns(&view->clock, loss->end_tsc));
        fputc('\n', out);
    }
    if (losses->count < losses->gaps)
        fprintf(out, "  and %" PRIu64 " gaps more\n", losses->gaps - losses->count);
}

/* "?" stands for a bound that the trace does not give. */
static void print_bounds(FILE *out, const struct xph_skew_offset *offset, double scale,
                         unsigned decimals, const char *unit)
{
    if (offset->bounded_below)
        fprintf(out, "%+.*f to ", decimals, (double)offset->least * scale);
    else
        fputs("? to ", out);
    if (offset->bounded_above)
        fprintf(out, "%+.*f %s", decimals, (double)offset->most * scale, unit);
    else
        fprintf(out, "? %s", unit);
}

static void print_skew(FILE *out, const struct xph_summary_view *view)
{
    const struct xph_skew_offsets *skew = &view->summary->skew;

    if (skew->verdict == XPH_SKEW_UNEXPLAINED)
        fputs("skew      not known: run states contradict each other, and no order was found in "
              "which they do not\n",
              out);
    else if (skew->count == 0)
        fputs("skew      not known: no vCPU has records of run states on two pCPUs\n", out);
    else
        fprintf(out, "skew      by %" PRIu64 " pairs of records, TSCs are ahead of pCPU %u's by\n",
                skew->pairs, skew->reference);
    for (size_t i = 0; i < skew->count; i++) {
        const struct xph_skew_offset *offset = &skew->list[i];

        fprintf(out, "  pcpu  %-9u ", offset->pcpu);
        print_bounds(out, offset, 1, 0, "cycles");
        fputs(" (", out);
        print_bounds(out, offset, 1000 / (double)view->clock.khz, 3, "us");
        fputs(xph_skew_is_proven(offset) ? "): they differ\n" : ")\n", out);
    }
}

static void print_header(FILE *out, const struct xph_summary_view *view)
{
    const struct xph_summary *summary = view->summary;

    fputs("span      ", out);
    print_seconds(out,
                  xph_clock_cycles_to_ns(&view->clock, summary->last_tsc - summary->first_tsc));
    fputc('\n', out);
    print_clock(out, view);
    fprintf(out,
            "records   %" PRIu64 " in %" PRIu64 " bytes on %zu pCPUs, %" PRIu64
            " of unknown events\n",
            summary->records, summary->bytes, summary->pcpu_count,
            xph_summary_unknown_records(summary));
    print_pcpus(out, view);
    print_classes(out, summary);
    print_losses(out, view);
    print_skew(out, view);
}

static void print_times_head(FILE *out, const char *title)
{
    fprintf(out, "\n%-38s %10s %12s %10s %10s %10s %10s\n", title, "count", "total s", "mean us",
            "p50 us", "p95 us", "p99 us");
}

static void print_times(FILE *out, const struct xph_summary_view *view,
                        const struct xph_times *times)
{
    const struct xph_histogram *known = times->times;

    fprintf(out, " %10" PRIu64, times->count);
    if (!known || known->count == 0) {
        fprintf(out, " %12s %10s %10s %10s %10s\n", "-", "-", "-", "-", "-");
        return;
    }
    fprintf(out, " %12.6f %10.2f %10.2f %10.2f %10.2f", microseconds(view, known->sum) / 1e6,
            microseconds(view, known->sum) / (double)known->count,
            microseconds(view, xph_histogram_percentile(known, 0.5)),
            microseconds(view, xph_histogram_percentile(known, 0.95)),
            microseconds(view, xph_histogram_percentile(known, 0.99)));
    if (known->count < times->count)
        fprintf(out, "  %" PRIu64 " without a known end", times->count - known->count);
    fputc('\n', out);
}

static void print_hypercalls(FILE *out, const struct xph_summary_view *view)
{
    struct xph_summary_times list[XPH_HYPERCALLS];
    size_t count = xph_summary_hypercalls(view->summary, list);

    if (count == 0)
        return;
    print_times_head(out, "top hypercalls (times: at most)");
    for (size_t i = 0; i < count; i++) {
        const char *name = xph_hypercall_name(list[i].key);

        fprintf(out, "  %-30s [%2" PRIu32 "]", name ? name : "?", list[i].key);
        print_times(out, view, list[i].times);
    }
    fputs("  Xen does not record when a hypercall returns: a time ends with the vCPU's next entry "
          "into Xen, or when it\n"
          "  is taken off its pCPU, so what the guest did in between is in it.\n",
          out);
}

static void print_vmexits(FILE *out, const struct xph_summary_view *view)
{
    struct xph_summary_times list[XPH_MAX_REASONS];
    size_t count = xph_summary_vmexits(view->summary, list);
    char name[40];

    if (count == 0)
        return;
    print_times_head(out, "VM exits (time in Xen)");
    for (size_t i = 0; i < count; i++) {
        uint32_t reason = list[i].key & 0xffff;

        xph_vm_exit_name(xph_summary_is_svm(view->summary, list[i].key), reason, name,
                         sizeof(name));
        fprintf(out, "  %-28s [%5" PRIx32 "]", name, reason);
        print_times(out, view, list[i].times);
    }
    if (view->summary->tally.vmexits_other > 0)
        fprintf(out, "  of other reasons                      %10" PRIu64 "\n",
                view->summary->tally.vmexits_other);
    fputs("  From the exit to the entry after it, without the time in which the vCPU was not on a "
          "pCPU. Percentiles\n"
          "  are exact to 1.6 %.\n",
          out);
}

static void print_state(FILE *out, const struct xph_summary_view *view, const char *of,
                        unsigned state, uint64_t cycles, uint64_t intervals)
{
    if (intervals == 0)
        return;
    fprintf(out, "  %s %-9s ", of, xph_runstate_name(state));
    print_seconds(out, xph_clock_cycles_to_ns(&view->clock, cycles));
    fprintf(out, " %20" PRIu64 " cycles in %" PRIu64 " intervals, mean %.2f us\n", cycles,
            intervals, microseconds(view, cycles) / (double)intervals);
}

/* The time in each state between the vCPU's first run and its last record of a run state. */
static void print_states(FILE *out, const struct xph_summary_view *view, const char *of,
                         const struct xph_vcpu *const *vcpus, size_t count)
{
    for (unsigned state = 0; state < XPH_RUNSTATES; state++) {
        uint64_t cycles = 0, intervals = 0;

        for (size_t i = 0; i < count; i++) {
            cycles += vcpus[i]->cycles[state];
            intervals += vcpus[i]->intervals[state];
        }
        print_state(out, view, of, state, cycles, intervals);
    }
}

static void print_entries(FILE *out, const struct xph_vcpu_tally *tally)
{
    const struct xph_pv_tally *pv = tally->pv;

    if (tally->vmexits > 0)
        fprintf(out, "  VM exits                                      %10" PRIu64 "\n",
                tally->vmexits);
    for (uint32_t op = 0; pv && op < XPH_HYPERCALLS; op++) {
        const char *name = xph_hypercall_name(op);

        if (pv->hypercalls[op] + pv->subcalls[op] == 0)
            continue;
        fprintf(out, "  hypercall %-30s [%2" PRIu32 "] %10" PRIu64, name ? name : "?", op,
                pv->hypercalls[op] + pv->subcalls[op]);
        if (pv->subcalls[op] > 0)
            fprintf(out, " (%" PRIu64 " of them in multicalls)", pv->subcalls[op]);
        fputc('\n', out);
    }
    if (pv && pv->hypercalls_unknown > 0)
        fprintf(out, "  hypercall with a number that Xen does not have %10" PRIu64 "\n",
                pv->hypercalls_unknown);
    for (uint32_t minor = 0; pv && minor < XPH_PV_EVENTS; minor++) {
        const struct xph_event *event = xph_event_find(0x00201000 | minor);

        if (pv->events[minor] > 0)
            fprintf(out, "  entry     %-30s      %10" PRIu64 "\n", event ? event->name : "?",
                    pv->events[minor]);
    }
}

static void print_vcpu(FILE *out, const struct xph_summary_view *view, const struct xph_vcpu *vcpu)
{
    const struct xph_vcpu_tally *tally =
        xph_tally_find(&view->summary->tally, (uint32_t)vcpu->domid << 16 | vcpu->vcpu);
    char name[24];

    xph_vcpu_text(vcpu, name);
    fprintf(out, "vcpu %s\n", name);
    print_states(out, view, "state", &vcpu, 1);
    if (tally)
        print_entries(out, tally);
}

static void print_domain_name(FILE *out, const struct xph_manifest *manifest, uint16_t domid)
{
    const struct xph_domain_info *domain =
        manifest ? xph_manifest_domain(manifest, domid, 0) : NULL;

    if (domid == XPH_IDLE_DOMID)
        fputs("\nidle domain", out);
    else
        fprintf(out, "\ndomain %u", domid);
    if (domain && domain->name) {
        fputs(" \"", out);
        xph_print_text(out, domain->name);
        fputc('"', out);
    }
}

static void print_domains(FILE *out, const struct xph_summary_view *view,
                          const struct xph_vcpu *const *vcpus)
{
    size_t count = view->summary->machine.vcpus.count, next;

    for (size_t first = 0; first < count; first = next) {
        for (next = first + 1; next < count && vcpus[next]->domid == vcpus[first]->domid; next++)
            ;
        print_domain_name(out, view->manifest, vcpus[first]->domid);
        fprintf(out, ", %zu vCPU%s\n", next - first, next - first == 1 ? "" : "s");
        print_states(out, view, "total", &vcpus[first], next - first);
        for (size_t i = first; i < next; i++)
            print_vcpu(out, view, vcpus[i]);
    }
    if (view->summary->tally.unplaced.vmexits == 0 && !view->summary->tally.unplaced.pv)
        return;
    fprintf(out, "\nvcpu d?v? (a pCPU's records while it is not known who runs there)\n");
    print_entries(out, &view->summary->tally.unplaced);
}

static void print_events(FILE *out, const struct xph_event_count *const *events, size_t count)
{
    char name[64];

    fprintf(out, "\n%-46s %14s %14s\n", "events", "records", "bytes");
    for (size_t i = 0; i < count; i++) {
        xph_summary_event_name(events[i]->key - 1, name, sizeof(name));
        fprintf(out, "  0x%08" PRIx32 " %-33s %14" PRIu64 " %14" PRIu64 "\n", events[i]->key - 1,
                name, events[i]->records, events[i]->bytes);
    }
}

bool xph_summary_text(FILE *out, const struct xph_summary_view *view, struct xph_error *err)
{
    size_t event_count;
    const struct xph_vcpu **vcpus = xph_summary_vcpus(view->summary, err);
    const struct xph_event_count **events =
        vcpus ? xph_summary_events(view->summary, &event_count, err) : NULL;

    if (events) {
        print_header(out, view);
        print_hypercalls(out, view);
        print_vmexits(out, view);
        print_domains(out, view, vcpus);
        print_events(out, events, event_count);
    }
    free(vcpus);
    free(events);
    return events != NULL;
}
