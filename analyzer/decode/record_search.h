/*
 * Finding records again behind damage.
 */
#ifndef XPH_ANALYZER_DECODE_RECORD_SEARCH_H
#define XPH_ANALYZER_DECODE_RECORD_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/event_census.h"

/* Everything in a trace is a multiple of 32 bits. */
enum { XPH_TRACE_ALIGNMENT = 4 };

/*
 * Do some records follow each other from `at` on, all of known events, each as Xen writes it, in
 * the order of time? Those up to `end` are enough. `census` is asked, not counted in.
 */
bool xph_records_follow(const uint8_t *at, const uint8_t *end, struct xph_event_census *census);

/* The next place at or after `at` where they do, or `end`. */
const uint8_t *xph_records_resume(const uint8_t *at, const uint8_t *end,
                                  struct xph_event_census *census);

#endif
