#include <stdlib.h>

#include "analyzer/views/marks.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/marks.h"

static void add_domain(struct xph_marks_view *view, uint16_t domid)
{
    struct xph_marking_domain *domain = &view->domains[view->domain_count++];
    struct xph_error err;

    domain->domid = domid;
    fuzz_require(xph_guest_clock_open(&domain->clock, view->marks, domid, &err),
                 "memory for a guest's clock");
}

void fuzz_marks(struct xph_guest_marks *marks, FILE *out)
{
    const struct xph_doubts doubts = {0};
    struct xph_marks_view view = {.marks = marks, .doubts = &doubts};
    bool *seen = calloc(UINT16_MAX + 1, sizeof(*seen));
    unsigned end = 0;
    struct xph_error err;

    xph_guest_marks_finish(marks);
    view.domains = calloc(marks->count + 1, sizeof(*view.domains));
    fuzz_require(seen && view.domains, "memory for marks");
    for (size_t i = 0; i < marks->count; i++) {
        seen[marks->marks[i].domid] = true;
        if (marks->marks[i].domid >= end)
            end = marks->marks[i].domid + 1u;
    }
    for (unsigned domid = 0; domid < end; domid++) {
        if (seen[domid])
            add_domain(&view, (uint16_t)domid);
    }
    xph_marks_text(out, &view);
    fuzz_require(xph_marks_json(out, &view, &err), "memory for JSON");
    for (size_t i = 0; i < view.domain_count; i++)
        xph_guest_clock_close(&view.domains[i].clock);
    free(view.domains);
    free(seen);
    xph_guest_marks_close(marks);
}
