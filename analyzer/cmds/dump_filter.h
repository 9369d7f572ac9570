/*
 * Which records `xenphase dump` prints.
 */
#ifndef XPH_ANALYZER_CMDS_DUMP_FILTER_H
#define XPH_ANALYZER_CMDS_DUMP_FILTER_H

#include "analyzer/views/dump_view.h"

enum { XPH_DUMP_MAX_EVENTS = 64 };

struct xph_dump_filter {
    uint64_t from_ns, to_ns;                 /* both included */
    int32_t domid, vcpu;                     /* -1: any; a vCPU goes with a domain */
    int32_t pcpu;                            /* -1: any */
    size_t event_count;                      /* 0: all events */
    const char *events[XPH_DUMP_MAX_EVENTS]; /* names, patterns, ids, classes; the caller's */
};

/* Lets everything pass. */
void xph_dump_filter_open(struct xph_dump_filter *filter);

/* Each takes the text of its option; false with what is wrong with it. */
bool xph_dump_filter_from(struct xph_dump_filter *filter, const char *text, struct xph_error *err);
bool xph_dump_filter_to(struct xph_dump_filter *filter, const char *text, struct xph_error *err);
bool xph_dump_filter_around(struct xph_dump_filter *filter, const char *text,
                            struct xph_error *err);
bool xph_dump_filter_domain(struct xph_dump_filter *filter, const char *text,
                            struct xph_error *err);
bool xph_dump_filter_vcpu(struct xph_dump_filter *filter, const char *text, struct xph_error *err);
bool xph_dump_filter_pcpu(struct xph_dump_filter *filter, const char *text, struct xph_error *err);
bool xph_dump_filter_event(struct xph_dump_filter *filter, const char *text, struct xph_error *err);

/* Marks the layouts whose events pass; false if one of the filter's events is none. */
bool xph_dump_filter_select(const struct xph_dump_filter *filter, struct xph_layouts *layouts,
                            struct xph_error *err);

/* Does every record pass? Then none needs to be asked. */
bool xph_dump_filter_is_open(const struct xph_dump_filter *filter);

/* A record is a domain's or a vCPU's if that runs on the record's pCPU, or a field names it. */
bool xph_dump_filter_passes(const struct xph_dump_filter *filter, const struct xph_dump_item *item);

#endif
