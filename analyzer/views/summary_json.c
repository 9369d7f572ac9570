#include <jansson.h>
#include <stdlib.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/vm_exits.h"
#include "analyzer/views/summary.h"

enum { SUMMARY_VERSION = 1 };

/* Of what jansson could not make, null: that memory was out shows when the whole is written. */
static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();

    return value ? value : json_null();
}

static uint64_t ns(const struct xph_summary_view *view, uint64_t cycles)
{
    return xph_clock_cycles_to_ns(&view->clock, cycles);
}

static json_t *pcpus_to_json(const struct xph_summary_view *view)
{
    json_t *list = json_array();

    for (size_t i = 0; i < view->summary->pcpu_count; i++) {
        const struct xph_summary_pcpu *pcpu = &view->summary->pcpus[i];

        json_array_append_new(
            list, json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "pcpu", (int)pcpu->pcpu, "windows",
                            number(pcpu->windows), "records", number(pcpu->records), "bytes",
                            number(pcpu->bytes), "start_ns",
                            number(xph_clock_ns(&view->clock, pcpu->first_tsc)), "end_ns",
                            number(xph_clock_ns(&view->clock, pcpu->last_tsc))));
    }
    return list;
}

static json_t *losses_to_json(const struct xph_summary_view *view)
{
    const struct xph_losses *losses = &view->summary->losses;
    json_t *list = json_array();

    for (size_t i = 0; i < losses->count; i++) {
        const struct xph_loss *loss = &losses->list[i];

        json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o}", "pcpu", (int)loss->pcpu,
                                              "records", number(loss->records), "start_ns",
                                              number(xph_clock_ns(&view->clock, loss->start_tsc)),
                                              "end_ns",
                                              number(xph_clock_ns(&view->clock, loss->end_tsc))));
    }
    return json_pack("{s:o, s:o, s:o}", "records", number(losses->records), "gaps",
                     number(losses->gaps), "list", list);
}

static json_t *signed_or_null(bool known, int64_t value)
{
    return known ? json_integer((json_int_t)value) : json_null();
}

static int64_t signed_ns(const struct xph_summary_view *view, int64_t cycles)
{
    uint64_t length = cycles < 0 ? (uint64_t)-cycles : (uint64_t)cycles;

    return cycles < 0 ? -(int64_t)ns(view, length) : (int64_t)ns(view, length);
}

static json_t *skew_to_json(const struct xph_summary_view *view)
{
    static const char *const verdicts[] = {[XPH_SKEW_NONE] = "none",
                                           [XPH_SKEW_PROVEN] = "proven",
                                           [XPH_SKEW_UNEXPLAINED] = "unexplained"};
    const struct xph_skew_offsets *skew = &view->summary->skew;
    json_t *list = json_array();

    for (size_t i = 0; i < skew->count; i++) {
        const struct xph_skew_offset *offset = &skew->list[i];

        json_array_append_new(
            list, json_pack("{s:i, s:o, s:o, s:o, s:o}", "pcpu", (int)offset->pcpu, "least_cycles",
                            signed_or_null(offset->bounded_below, offset->least), "most_cycles",
                            signed_or_null(offset->bounded_above, offset->most), "least_ns",
                            signed_or_null(offset->bounded_below, signed_ns(view, offset->least)),
                            "most_ns",
                            signed_or_null(offset->bounded_above, signed_ns(view, offset->most))));
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "verdict", verdicts[skew->verdict], "reference_pcpu",
                     skew->count > 0 ? number(skew->reference) : json_null(), "pairs",
                     number(skew->pairs), "pcpus", list);
}

static void set_times(json_t *object, const struct xph_summary_view *view,
                      const struct xph_times *times)
{
    static const struct {
        const char *name;
        double share;
    } percentiles[] = {{"p50_ns", 0.5}, {"p95_ns", 0.95}, {"p99_ns", 0.99}};
    const struct xph_histogram *known = times->times;
    uint64_t count = known ? known->count : 0;

    json_object_set_new(object, "count", number(times->count));
    json_object_set_new(object, "timed", number(count));
    json_object_set_new(object, "total_ns", number(known ? ns(view, known->sum) : 0));
    json_object_set_new(object, "mean_ns",
                        count ? number(ns(view, known->sum) / count) : json_null());
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
        json_object_set_new(
            object, percentiles[i].name,
            count ? number(ns(view, xph_histogram_percentile(known, percentiles[i].share)))
                  : json_null());
    json_object_set_new(object, "max_ns", count ? number(ns(view, known->largest)) : json_null());
}

static json_t *hypercalls_to_json(const struct xph_summary_view *view)
{
    struct xph_summary_times list[XPH_HYPERCALLS];
    size_t count = xph_summary_hypercalls(view->summary, list);
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *object = json_pack("{s:i, s:o}", "op", (int)list[i].key, "name",
                                   text_or_null(xph_hypercall_name(list[i].key)));

        set_times(object, view, list[i].times);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *vmexits_to_json(const struct xph_summary_view *view)
{
    struct xph_summary_times list[XPH_MAX_REASONS];
    size_t count = xph_summary_vmexits(view->summary, list);
    json_t *array = json_array();
    char name[40];

    for (size_t i = 0; i < count; i++) {
        bool svm = xph_summary_is_svm(view->summary, list[i].key);
        json_t *object;

        xph_vm_exit_name(svm, list[i].key & 0xffff, name, sizeof(name));
        object = json_pack("{s:s, s:i, s:s}", "vendor", svm ? "amd" : "intel", "reason",
                           (int)(list[i].key & 0xffff), "name", name);
        set_times(object, view, list[i].times);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *states_to_json(const struct xph_summary_view *view, const struct xph_vcpu *vcpu)
{
    json_t *states = json_object();

    for (unsigned state = 0; state < XPH_RUNSTATES; state++) {
        if (vcpu->intervals[state] > 0)
            json_object_set_new(states, xph_runstate_name(state),
                                json_pack("{s:o, s:o, s:o}", "total_ns",
                                          number(ns(view, vcpu->cycles[state])), "cycles",
                                          number(vcpu->cycles[state]), "intervals",
                                          number(vcpu->intervals[state])));
    }
    return states;
}

static json_t *pv_hypercalls_to_json(const struct xph_pv_tally *pv)
{
    json_t *array = json_array();

    for (uint32_t op = 0; pv && op < XPH_HYPERCALLS; op++) {
        if (pv->hypercalls[op] + pv->subcalls[op] > 0)
            json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:o}", "op", (int)op, "name",
                                                   text_or_null(xph_hypercall_name(op)), "count",
                                                   number(pv->hypercalls[op]), "in_multicalls",
                                                   number(pv->subcalls[op])));
    }
    return array;
}

static json_t *pv_entries_to_json(const struct xph_pv_tally *pv)
{
    json_t *object = json_object();

    for (uint32_t minor = 0; pv && minor < XPH_PV_EVENTS; minor++) {
        const struct xph_event *event = xph_event_find(0x00201000 | minor);

        if (pv->events[minor] > 0)
            json_object_set_new(object, event ? event->name : "?", number(pv->events[minor]));
    }
    return object;
}

static void set_entries(json_t *object, const struct xph_vcpu_tally *tally)
{
    const struct xph_pv_tally *pv = tally ? tally->pv : NULL;

    json_object_set_new(object, "vmexits", number(tally ? tally->vmexits : 0));
    json_object_set_new(object, "hypercalls", pv_hypercalls_to_json(pv));
    json_object_set_new(object, "hypercalls_unknown", number(pv ? pv->hypercalls_unknown : 0));
    json_object_set_new(object, "entries", pv_entries_to_json(pv));
}

static json_t *vcpus_to_json(const struct xph_summary_view *view,
                             const struct xph_vcpu *const *vcpus)
{
    json_t *array = json_array();

    for (size_t i = 0; i < view->summary->machine.vcpus.count; i++) {
        const struct xph_vcpu *vcpu = vcpus[i];
        const struct xph_domain_info *domain =
            view->manifest ? xph_manifest_domain(view->manifest, vcpu->domid, 0) : NULL;
        json_t *object = json_pack("{s:i, s:o, s:i, s:o}", "domid", (int)vcpu->domid, "domain_name",
                                   text_or_null(domain ? domain->name : NULL), "vcpu",
                                   (int)vcpu->vcpu, "states", states_to_json(view, vcpu));

        set_entries(object, xph_tally_find(&view->summary->tally,
                                           (uint32_t)vcpu->domid << 16 | vcpu->vcpu));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *events_to_json(const struct xph_event_count *const *events, size_t count)
{
    json_t *array = json_array();
    char name[64];

    for (size_t i = 0; i < count; i++) {
        xph_summary_event_name(events[i]->key - 1, name, sizeof(name));
        json_array_append_new(array,
                              json_pack("{s:i, s:s, s:o, s:o}", "event", (int)(events[i]->key - 1),
                                        "name", name, "records", number(events[i]->records),
                                        "bytes", number(events[i]->bytes)));
    }
    return array;
}

static json_t *doubts_to_json(const struct xph_doubts *doubts)
{
    json_t *array = json_array();

    for (size_t i = 0; i < doubts->count; i++)
        json_array_append_new(array, text_or_null(doubts->text[i]));
    return array;
}

static json_t *whole_to_json(const struct xph_summary_view *view,
                             const struct xph_vcpu *const *vcpus,
                             const struct xph_event_count *const *events, size_t event_count)
{
    const struct xph_summary *summary = view->summary;
    json_t *unplaced = json_object(), *root;

    set_entries(unplaced, &summary->tally.unplaced);
    root = json_pack("{s:s, s:i, s:o, s:b, s:o, s:f, s:o, s:o, s:o}", "format", "xenphase summary",
                     "version", SUMMARY_VERSION, "tsc_khz", number(view->clock.khz),
                     "tsc_khz_is_estimate", (int)view->khz_estimated, "tsc_khz_estimate",
                     view->khz_estimate ? number(view->khz_estimate) : json_null(),
                     "tsc_khz_estimate_error_ppm", view->khz_estimate ? view->khz_error_ppm : 0.0,
                     "span_ns", number(ns(view, summary->last_tsc - summary->first_tsc)), "records",
                     number(summary->records), "bytes", number(summary->bytes));
    json_object_set_new(root, "unknown_records", number(xph_summary_unknown_records(summary)));
    json_object_set_new(root, "pcpus", pcpus_to_json(view));
    json_object_set_new(root, "lost", losses_to_json(view));
    json_object_set_new(root, "skew", skew_to_json(view));
    json_object_set_new(root, "hypercalls", hypercalls_to_json(view));
    json_object_set_new(root, "vmexits", vmexits_to_json(view));
    json_object_set_new(root, "vcpus", vcpus_to_json(view, vcpus));
    json_object_set_new(root, "unplaced", unplaced);
    json_object_set_new(root, "events", events_to_json(events, event_count));
    json_object_set_new(root, "doubts", doubts_to_json(view->doubts));
    return root;
}

bool xph_summary_json(FILE *out, const struct xph_summary_view *view, struct xph_error *err)
{
    size_t event_count;
    const struct xph_vcpu **vcpus = xph_summary_vcpus(view->summary, err);
    const struct xph_event_count **events =
        vcpus ? xph_summary_events(view->summary, &event_count, err) : NULL;
    json_t *root;
    bool ok = false;

    if (events) {
        root = whole_to_json(view, vcpus, events, event_count);
        /* A terminal may take some characters beyond ASCII for commands. */
        ok = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
             fputc('\n', out) != EOF;
        if (!ok)
            xph_fail(err, "cannot write the summary as JSON");
        json_decref(root);
    }
    free(vcpus);
    free(events);
    return ok;
}
