/*
 * Walks one pCPU's records in order, going on behind what is broken. What it finds wrong is counted
 * in its `damage`.
 */
#ifndef XPH_ANALYZER_DECODE_PCPU_CURSOR_H
#define XPH_ANALYZER_DECODE_PCPU_CURSOR_H

#include <string.h>

#include "analyzer/decode/event_census.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/decode/record.h"
#include "analyzer/decode/trace_file.h"

/* A step in time that is looked at twice: a flipped bit can make one, and so can an idle pCPU. */
#define XPH_LONG_STEP_CYCLES (UINT64_C(1) << 22)

struct xph_pcpu_cursor {
    const struct xph_trace_file *file;
    struct xph_window_walk walk;
    const uint8_t *at, *end; /* in the current window */
    uint64_t last_tsc;       /* of the last timed record; before the first one, that one's */
    uint64_t latest_tsc;     /* of those before the last step back; 0 if there was none */
    uint16_t pcpu;
    bool timed; /* the pCPU has a timed record at all */
    struct xph_trace_damage damage;
};

/* Does the record have as many words as its first one tells, where it does? The header's shape was
 * found to be possible. */
static inline bool xph_record_fits_kind(const uint8_t *at, uint32_t header, unsigned kind)
{
    uint32_t first_word;

    if (kind != XPH_KIND_HYPERCALL && kind != XPH_KIND_SUBCALL)
        return true;
    memcpy(&first_word, at + sizeof(header) + sizeof(uint64_t), sizeof(first_word));
    return xph_hypercall_words(first_word) == (header >> 28 & 7);
}

/* A record where it stands in the file. */
struct xph_record_view {
    struct xph_event_count *event; /* in the census that was given; valid until its next use */
    const uint8_t *at;
    const uint8_t *words; /* not aligned to more than 4 bytes */
    uint64_t tsc; /* cycles; of an untimed record the TSC of the timed one before it on its pCPU */
    uint32_t header;
};

/* The record at `at`, which a cursor has passed, and at what time; without its `event`. */
static inline struct xph_record_view xph_record_view_at(const uint8_t *at, uint64_t tsc)
{
    struct xph_record_view view = {.at = at, .tsc = tsc};

    memcpy(&view.header, at, sizeof(view.header));
    view.words = at + sizeof(view.header) + (view.header >> 31) * sizeof(tsc);
    return view;
}

/* `census` is asked, not counted in. */
void xph_pcpu_cursor_open(struct xph_pcpu_cursor *cursor, const struct xph_trace_file *file,
                          const struct xph_pcpu_windows *pcpu, struct xph_event_census *census);

/* A pCPU that has no time at all (`timed`) stands at this one, the earliest of the others. */
void xph_pcpu_cursor_place(struct xph_pcpu_cursor *cursor, uint64_t earliest_tsc);

/* For xph_pcpu_cursor_next(): goes to the next window; false if there is none. */
bool xph_pcpu_cursor_next_window(struct xph_pcpu_cursor *cursor);
/* The record at the cursor is not as it should be. True if it can be taken all the same; else the
 * cursor is moved to the next one that can. */
bool xph_pcpu_cursor_examine(struct xph_pcpu_cursor *cursor, uint32_t header,
                             struct xph_event_census *census);
/* The TSC of the record at `at`, which the cursor has passed, is far after the last one, or before
 * it: returns what to take for it. */
uint64_t xph_pcpu_cursor_settle(struct xph_pcpu_cursor *cursor, const uint8_t *at, uint64_t tsc,
                                struct xph_event_census *census);

static inline uint32_t xph_view_event(const struct xph_record_view *view)
{
    return view->header & 0x0fffffff;
}

static inline unsigned xph_view_words(const struct xph_record_view *view)
{
    return view->header >> 28 & 7;
}

/* Word `index`, which must be there. */
static inline uint32_t xph_view_word(const struct xph_record_view *view, unsigned index)
{
    uint32_t word;

    memcpy(&word, view->words + index * sizeof(word), sizeof(word));
    return word;
}

/* The next record but fillers (WRAP_BUFFER); false at the end. */
static inline bool xph_pcpu_cursor_next(struct xph_pcpu_cursor *cursor,
                                        struct xph_event_census *census,
                                        struct xph_record_view *view)
{
    for (;;) {
        size_t left = (size_t)(cursor->end - cursor->at), length;
        const uint8_t *at = cursor->at;

        if (left < sizeof(view->header)) {
            if (!xph_pcpu_cursor_next_window(cursor))
                return false;
            continue;
        }
        memcpy(&view->header, at, sizeof(view->header));
        view->event = xph_event_census_find(census, view->header & 0x0fffffff);
        length = xph_header_length(view->header);
        if (length > left || !(view->event->shapes >> xph_header_shape(view->header) & 1) ||
            (view->event->kind >= XPH_KIND_HYPERCALL &&
             !xph_record_fits_kind(at, view->header, view->event->kind))) {
            if (!xph_pcpu_cursor_examine(cursor, view->header, census))
                continue;
            view->event = xph_event_census_find(census, view->header & 0x0fffffff);
        }
        cursor->at = at + length;
        if (view->event->kind == XPH_KIND_FILLER)
            continue;
        view->at = at;
        view->words = at + sizeof(view->header);
        if (view->header >> 31) {
            uint64_t tsc;

            memcpy(&tsc, view->words, sizeof(tsc));
            view->words += sizeof(tsc);
            if (tsc - cursor->last_tsc > XPH_LONG_STEP_CYCLES) {
                tsc = xph_pcpu_cursor_settle(cursor, at, tsc, census);
                view->event = xph_event_census_find(census, view->header & 0x0fffffff);
            }
            cursor->last_tsc = tsc;
        }
        view->tsc = cursor->last_tsc;
        return true;
    }
}

#endif
