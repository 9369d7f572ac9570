/*
 * Events of all sources as text, one a line: seconds since the recording's start, source, where it
 * happened, who was there, the event, its fields.
 */
#ifndef XPH_ANALYZER_VIEWS_TIMELINE_TEXT_H
#define XPH_ANALYZER_VIEWS_TIMELINE_TEXT_H

#include <stdio.h>

#include "analyzer/machine/dom0_tasks.h"
#include "analyzer/timeline/joint.h"
#include "analyzer/views/dump_view.h"

/* `machine` and `tasks` know what was true when it happened, `dump` how records are decoded. */
void xph_timeline_event_text(FILE *out, struct xph_dump *dump, const struct xph_joint_event *event,
                             const struct xph_machine *machine, const struct xph_dom0_tasks *tasks);

#endif
