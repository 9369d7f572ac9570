#include <jansson.h>

#include "analyzer/guest/spans.h"
#include "analyzer/views/json_text.h"
#include "analyzer/views/marks.h"

enum { MARKS_VERSION = 1 };

static json_t *number(uint64_t value)
{
    return value <= INT64_MAX ? json_integer((json_int_t)value) : json_null();
}

static json_t *number_if(bool known, uint64_t value)
{
    return known ? number(value) : json_null();
}

static json_t *mark_to_json(const struct xph_guest_mark *mark)
{
    json_t *value = mark->value ? xph_escaped_bytes(mark->value, mark->value_bytes) : json_null();

    return json_pack("{s:i, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
                     "domid", (int)mark->domid, "vcpu",
                     number_if(mark->vcpu != XPH_MARK_NO_VCPU, mark->vcpu), "way",
                     xph_mark_way_name(mark->way), "also_by_xenstore", (int)mark->also_by_xenstore,
                     "time_ns", number(mark->time_ns), "before_ns",
                     number_if(mark->bounded, mark->before_ns), "after_ns", number(mark->after_ns),
                     "guest_monotonic_ns", number_if(mark->has_clocks, mark->guest.monotonic_ns),
                     "guest_tsc", number_if(mark->has_clocks, mark->guest.tsc), "sender",
                     number_if(mark->has_clocks, mark->sender), "sequence",
                     number_if(mark->has_clocks, mark->sequence), "name",
                     xph_escaped_bytes(mark->name, mark->name_bytes), "value", value, "name_cut",
                     (mark->flags & XPH_MARK_NAME_CUT) != 0, "value_cut",
                     (mark->flags & XPH_MARK_VALUE_CUT) != 0);
}

static json_t *span_to_json(const struct xph_guest_span *span)
{
    return json_pack(
        "{s:i, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "domid", (int)span->mark->domid, "name",
        xph_escaped_bytes(span->mark->name, span->mark->name_bytes), "text",
        xph_escaped_bytes(span->text, span->text_bytes), "guest_start_ns",
        (json_int_t)span->guest_start_ns, "guest_end_ns", (json_int_t)span->guest_end_ns,
        "start_ns", span->placed ? json_integer(span->start_ns) : json_null(), "end_ns",
        span->placed ? json_integer(span->end_ns) : json_null(), "start_error_ns",
        number_if(span->placed, span->start_error_ns), "end_error_ns",
        number_if(span->placed, span->end_error_ns));
}

static json_t *clock_to_json(const struct xph_marking_domain *domain)
{
    const struct xph_guest_clock *clock = &domain->clock;
    uint64_t error_ns = 0;
    int64_t began_ns = 0;
    bool placed = xph_guest_clock_place(clock, 0, 0, &began_ns, &error_ns);

    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "domid", (int)domain->domid, "stretches",
                     number(clock->stretches), "monotonic_began_ns",
                     placed ? json_integer(began_ns) : json_null(), "monotonic_error_ns",
                     number_if(placed, error_ns), "host_minus_guest_tsc",
                     clock->tsc_known ? json_integer(clock->host_minus_guest_tsc) : json_null(),
                     "tsc_error", number_if(clock->tsc_known, clock->tsc_error));
}

static json_t *spans_to_json(const struct xph_marks_view *view)
{
    json_t *spans = json_array();

    for (size_t i = 0; i < view->marks->count; i++) {
        const struct xph_guest_mark *mark = &view->marks->marks[i];
        struct xph_guest_span span;

        if (xph_guest_span_read(mark, &xph_marking_domain(view, mark->domid)->clock, &span))
            json_array_append_new(spans, span_to_json(&span));
    }
    return spans;
}

static json_t *faults_to_json(const struct xph_guest_mark_faults *faults)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "torn", number(faults->torn), "damaged",
                     number(faults->damaged), "stray", number(faults->stray), "unplaced",
                     number(faults->unplaced), "dropped", number(faults->dropped), "missing",
                     number(faults->missing));
}

bool xph_marks_json(FILE *out, const struct xph_marks_view *view, struct xph_error *err)
{
    json_t *marks = json_array(), *clocks = json_array(), *doubts = json_array(), *root;
    bool written;

    for (size_t i = 0; i < view->marks->count; i++)
        json_array_append_new(marks, mark_to_json(&view->marks->marks[i]));
    for (size_t i = 0; i < view->domain_count; i++)
        json_array_append_new(clocks, clock_to_json(&view->domains[i]));
    for (size_t i = 0; i < view->doubts->count; i++)
        json_array_append_new(doubts, json_string(view->doubts->text[i]));
    root = json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "format", "xenphase marks", "version",
                     MARKS_VERSION, "marks", marks, "spans", spans_to_json(view), "clocks", clocks,
                     "faults", faults_to_json(&view->marks->faults), "doubts", doubts);
    written = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;
    json_decref(root);
    if (written)
        fputc('\n', out);
    return written || xph_fail(err, "cannot write the JSON");
}
