/*
 * The marks that guests made, as text and as JSON.
 */
#ifndef XPH_ANALYZER_VIEWS_MARKS_H
#define XPH_ANALYZER_VIEWS_MARKS_H

#include <stdio.h>

#include "analyzer/guest/guest_clock.h"
#include "analyzer/guest/marks.h"
#include "analyzer/timeline/doubts.h"

/* A domain that made marks. */
struct xph_marking_domain {
    uint16_t domid;
    struct xph_guest_clock clock;
};

struct xph_marks_view {
    const struct xph_guest_marks *marks; /* finished */
    struct xph_marking_domain *domains;  /* by domid */
    size_t domain_count;
    const struct xph_doubts *doubts;
};

/* NULL if the domain made no mark. */
const struct xph_marking_domain *xph_marking_domain(const struct xph_marks_view *view,
                                                    uint16_t domid);

void xph_marks_text(FILE *out, const struct xph_marks_view *view);

/* Described in docs/format/marks-json.md. False without memory. */
bool xph_marks_json(FILE *out, const struct xph_marks_view *view, struct xph_error *err);

#endif
