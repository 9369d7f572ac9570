#include <inttypes.h>

#include "analyzer/guest/spans.h"
#include "analyzer/views/marks.h"
#include "analyzer/views/terminal_text.h"

const struct xph_marking_domain *xph_marking_domain(const struct xph_marks_view *view,
                                                    uint16_t domid)
{
    for (size_t low = 0, high = view->domain_count; low < high;) {
        size_t middle = low + (high - low) / 2;

        if (view->domains[middle].domid == domid)
            return &view->domains[middle];
        if (view->domains[middle].domid < domid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void print_seconds(FILE *out, int64_t ns, int width)
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    char text[32];

    snprintf(text, sizeof(text), "%s%" PRIu64 ".%06" PRIu64, ns < 0 ? "-" : "", size / 1000000000,
             size % 1000000000 / 1000);
    fprintf(out, "%*s", width, text);
}

/* An error is told a little too large rather than too small. */
static uint64_t in_us(uint64_t ns)
{
    return (ns + 999) / 1000;
}

static void print_way(FILE *out, const struct xph_guest_mark *mark)
{
    char vcpu[24], way[32];

    if (mark->vcpu == XPH_MARK_NO_VCPU)
        snprintf(vcpu, sizeof(vcpu), "d%u", mark->domid);
    else
        snprintf(vcpu, sizeof(vcpu), "d%uv%u", mark->domid, mark->vcpu);
    snprintf(way, sizeof(way), "%s%s", xph_mark_way_name(mark->way),
             mark->also_by_xenstore ? "+xenstore" : "");
    fprintf(out, " %-7s %-15s", vcpu, way);
}

static void print_mark(FILE *out, const struct xph_guest_mark *mark)
{
    print_seconds(out, (int64_t)mark->time_ns, 14);
    print_way(out, mark);
    if (mark->has_clocks && mark->guest.monotonic_ns <= INT64_MAX)
        print_seconds(out, (int64_t)mark->guest.monotonic_ns, 14);
    else
        fprintf(out, "%14s", "-");
    fputs("  ", out);
    xph_print_bytes(out, mark->name, mark->name_bytes);
    fputs(mark->flags & XPH_MARK_NAME_CUT ? "..." : "", out);
    if (mark->value) {
        fputs(" = ", out);
        xph_print_bytes(out, mark->value, mark->value_bytes);
        fputs(mark->flags & XPH_MARK_VALUE_CUT ? "..." : "", out);
    }
    fputc('\n', out);
}

static void print_span(FILE *out, const struct xph_guest_span *span)
{
    uint64_t error_ns =
        span->start_error_ns > span->end_error_ns ? span->start_error_ns : span->end_error_ns;

    if (!span->placed)
        return;
    print_seconds(out, span->start_ns, 14);
    fputs(" to", out);
    print_seconds(out, span->end_ns, 14);
    fprintf(out, " +- %6" PRIu64 " us  d%-5u ", in_us(error_ns), span->mark->domid);
    xph_print_bytes(out, span->mark->name, span->mark->name_bytes);
    fputc(' ', out);
    xph_print_bytes(out, span->text, span->text_bytes);
    fputc('\n', out);
}

static void print_spans(FILE *out, const struct xph_marks_view *view)
{
    bool first = true;

    for (size_t i = 0; i < view->marks->count; i++) {
        const struct xph_guest_mark *mark = &view->marks->marks[i];
        struct xph_guest_span span;

        if (!xph_guest_span_read(mark, &xph_marking_domain(view, mark->domid)->clock, &span) ||
            !span.placed)
            continue;
        if (first)
            fputs("\nwhat the guests say of the time before, on the same time line:\n", out);
        first = false;
        print_span(out, &span);
    }
}

static void print_clock(FILE *out, const struct xph_marking_domain *domain)
{
    const struct xph_guest_clock *clock = &domain->clock;
    uint64_t error_ns;
    int64_t began_ns;

    fprintf(out, "d%u: ", domain->domid);
    if (!xph_guest_clock_place(clock, 0, 0, &began_ns, &error_ns)) {
        fputs("its clock cannot be placed: no mark of it is bounded on both sides\n", out);
        return;
    }
    if (clock->stretches > 1)
        fprintf(out, "its clock stood still or jumped %" PRIu32 " times; by its first marks, ",
                clock->stretches - 1);
    fputs("its CLOCK_MONOTONIC began at ", out);
    print_seconds(out, began_ns, 0);
    fprintf(out, " s +- %" PRIu64 " us", in_us(error_ns));
    if (clock->tsc_known)
        fprintf(out, "; its TSC is the host's - %" PRId64 " +- %" PRIu64 " cycles",
                clock->host_minus_guest_tsc, clock->tsc_error);
    fputc('\n', out);
}

void xph_marks_text(FILE *out, const struct xph_marks_view *view)
{
    if (view->marks->count == 0) {
        fputs("no marks (but for those in xenstore they need a recording with --events hypercalls "
              "or boot: docs/guest-probe.md)\n",
              out);
        return;
    }
    fprintf(out, "%14s %-7s %-15s%14s  %s\n", "host s", "of", "by", "guest s", "mark");
    for (size_t i = 0; i < view->marks->count; i++)
        print_mark(out, &view->marks->marks[i]);
    print_spans(out, view);
    fputc('\n', out);
    for (size_t i = 0; i < view->domain_count; i++)
        print_clock(out, &view->domains[i]);
}
