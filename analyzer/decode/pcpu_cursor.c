#include "analyzer/decode/pcpu_cursor.h"

#include "analyzer/decode/record_search.h"

/* At the end of a trace nothing follows that could tell a wrong time from an idle pCPU: no pCPU is
 * idle for longer than a quarter of a minute. */
static const uint64_t max_last_step = UINT64_C(1) << 36;

static uint64_t offset_of(const struct xph_pcpu_cursor *cursor, const uint8_t *at)
{
    return (uint64_t)(at - cursor->file->data);
}

bool xph_pcpu_cursor_next_window(struct xph_pcpu_cursor *cursor)
{
    struct xph_trace_window window;

    if (cursor->at < cursor->end) {
        xph_damage_skip(&cursor->damage, offset_of(cursor, cursor->at),
                        (uint64_t)(cursor->end - cursor->at));
        cursor->at = cursor->end;
    }
    if (!xph_window_walk_next(&cursor->walk, &window))
        return false;
    cursor->at = cursor->file->data + window.offset;
    cursor->end = cursor->at + window.size;
    return true;
}

bool xph_pcpu_cursor_examine(struct xph_pcpu_cursor *cursor, uint32_t header,
                             struct xph_event_census *census)
{
    const uint8_t *at = cursor->at, *next;
    size_t left = (size_t)(cursor->end - at);
    struct xph_event_shape shape = xph_event_shape(header & 0x0fffffff);
    struct xph_finding *findings = cursor->damage.findings;

    /* Where all records were walked over, it only looks like a window. */
    if (shape.kind == XPH_KIND_WINDOW && cursor->file->trust == XPH_BELIEVE_SIZES) {
        xph_finding_add(&findings[XPH_DAMAGE_HIDDEN], offset_of(cursor, at));
        next = cursor->end;
    } else if (shape.kind < XPH_KIND_WINDOW && xph_header_length(header) <= left &&
               xph_records_follow(at + xph_header_length(header), cursor->end, census)) {
        xph_finding_add(&findings[XPH_DAMAGE_SHAPE], offset_of(cursor, at));
        return true;
    } else {
        xph_finding_add(&findings[XPH_DAMAGE_NO_RECORD], offset_of(cursor, at));
        next = xph_records_resume(at + XPH_TRACE_ALIGNMENT, cursor->end, census);
    }
    xph_damage_skip(&cursor->damage, offset_of(cursor, at), (uint64_t)(next - at));
    cursor->at = next;
    return false;
}

/* The TSC of the next timed record, without moving the cursor; 0 if there is none. Each record is
 * looked over only from the timed one before it, so this costs no more than reading twice. */
static uint64_t next_tsc(const struct xph_pcpu_cursor *cursor, struct xph_event_census *census)
{
    struct xph_pcpu_cursor ahead = *cursor;

    for (;;) {
        size_t left = (size_t)(ahead.end - ahead.at);
        const struct xph_event_count *event;
        uint32_t header;
        uint64_t tsc;

        if (left < sizeof(header)) {
            if (!xph_pcpu_cursor_next_window(&ahead))
                return 0;
            continue;
        }
        memcpy(&header, ahead.at, sizeof(header));
        event = xph_event_census_find(census, header & 0x0fffffff);
        if ((xph_header_length(header) > left ||
             !(event->shapes >> xph_header_shape(header) & 1)) &&
            !xph_pcpu_cursor_examine(&ahead, header, census))
            continue;
        if (header >> 31 && event->kind != XPH_KIND_FILLER) {
            memcpy(&tsc, ahead.at + sizeof(header), sizeof(tsc));
            return tsc;
        }
        ahead.at += xph_header_length(header);
    }
}

uint64_t xph_pcpu_cursor_settle(struct xph_pcpu_cursor *cursor, const uint8_t *at, uint64_t tsc,
                                struct xph_event_census *census)
{
    struct xph_finding *findings = cursor->damage.findings;
    uint64_t last = cursor->last_tsc, next = next_tsc(cursor, census);
    uint64_t offset = offset_of(cursor, at);
    bool wrong = tsc < last ? next == 0 || next >= last
                            : (next == 0 ? tsc - last > max_last_step : next >= last && next < tsc);

    if (wrong) {
        xph_finding_add(&findings[XPH_DAMAGE_TIME], offset);
        return last;
    }
    if (tsc < last) {
        xph_finding_add(&findings[XPH_DAMAGE_TIME_STEPS], offset);
        if (last > cursor->latest_tsc)
            cursor->latest_tsc = last;
    }
    return tsc;
}

void xph_pcpu_cursor_open(struct xph_pcpu_cursor *cursor, const struct xph_trace_file *file,
                          const struct xph_pcpu_windows *pcpu, struct xph_event_census *census)
{
    struct xph_pcpu_cursor ahead;
    struct xph_record_view view;
    uint64_t second;

    *cursor =
        (struct xph_pcpu_cursor){.file = file, .walk = {.list = &pcpu->list}, .pcpu = pcpu->pcpu};
    ahead = *cursor;
    ahead.at = ahead.end = file->data;
    cursor->at = cursor->end = file->data;
    while (xph_pcpu_cursor_next(&ahead, census, &view)) {
        if (!(view.header >> 31))
            continue;
        /* The first time is not believed if the second one is before it. */
        memcpy(&cursor->last_tsc, view.at + sizeof(view.header), sizeof(cursor->last_tsc));
        second = next_tsc(&ahead, census);
        if (second != 0 && second < cursor->last_tsc)
            cursor->last_tsc = second;
        cursor->timed = true;
        return;
    }
}

void xph_pcpu_cursor_place(struct xph_pcpu_cursor *cursor, uint64_t earliest_tsc)
{
    struct xph_window_walk walk = {.list = cursor->walk.list};
    struct xph_trace_window window;

    if (cursor->timed || !xph_window_walk_next(&walk, &window))
        return;
    cursor->last_tsc = earliest_tsc;
    xph_finding_add(&cursor->damage.findings[XPH_DAMAGE_TIMELESS], window.offset);
}
