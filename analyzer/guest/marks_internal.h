/*
 * What the two sources of marks share: keeping a mark.
 */
#ifndef XPH_ANALYZER_GUEST_MARKS_INTERNAL_H
#define XPH_ANALYZER_GUEST_MARKS_INTERNAL_H

#include "analyzer/guest/marks.h"

enum { MARK_TAGS = XPH_CPUID_TAGS + XPH_STUB_TAGS + XPH_HYPERCALL_TAGS };

/* What is under way in one domain. */
struct xph_mark_domain {
    struct mark_frame *open[MARK_TAGS]; /* owned */
    size_t kept;                        /* marks of it so far */
};

/* NULL without memory. */
struct xph_mark_domain *mark_domain(struct xph_guest_marks *marks, uint16_t domid,
                                    struct xph_error *err);

/* Keeps a copy of `mark` with the name and value of `text`. */
bool mark_keep(struct xph_guest_marks *marks, const struct xph_guest_mark *mark,
               const struct mark *text, struct xph_error *err);

#endif
