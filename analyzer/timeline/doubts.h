/*
 * What can be doubted in a recording, in sentences: every view prints them beside its numbers.
 */
#ifndef XPH_ANALYZER_TIMELINE_DOUBTS_H
#define XPH_ANALYZER_TIMELINE_DOUBTS_H

#include "analyzer/timeline/timeline.h"
#include "recording/recording.h"

enum { XPH_MAX_DOUBTS = 40, XPH_DOUBT_BYTES = 256 };

struct xph_doubts {
    size_t count;
    char text[XPH_MAX_DOUBTS][XPH_DOUBT_BYTES];
};

void xph_doubt(struct xph_doubts *doubts, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Those of the recording as it lies on the disk: how it ended, damage, clocks that disagree. */
void xph_doubts_of_recording(struct xph_doubts *doubts, const struct xph_recording *recording);

/* Those of a trace that was read to its end. */
void xph_doubts_of_damage(struct xph_doubts *doubts, const struct xph_trace_damage *damage);
void xph_doubts_of_losses(struct xph_doubts *doubts, const struct xph_losses *losses, uint64_t khz);

/* Both of a time line. */
void xph_doubts_of_timeline(struct xph_doubts *doubts, const struct xph_timeline *timeline);

/* "WHAT: 3, the first at byte 7" if there are any. */
void xph_doubt_finding(struct xph_doubts *doubts, const struct xph_finding *finding,
                       const char *what);

#endif
