/* The events of xenstore.events as text, one a line. */
#ifndef XPH_ANALYZER_VIEWS_XENSTORE_TEXT_H
#define XPH_ANALYZER_VIEWS_XENSTORE_TEXT_H

#include <stdio.h>

#include "analyzer/timeline/clock.h"
#include "recording/xenstore_events.h"

void xph_dump_xenstore_event(FILE *out, const struct xph_clock *clock,
                             const struct xph_xenstore_event *event);

#endif
