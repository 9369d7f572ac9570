#include "analyzer/decode/record_search.h"

#include <string.h>

#include "analyzer/decode/record.h"

/* So many are no accident: one in a hundred random words looks like a known event's header. */
enum { ENOUGH = 4 };

/* Records that follow each other are seldom so far apart (a quarter of a minute at 4 GHz). */
static const uint64_t max_step = UINT64_C(1) << 36;

bool xph_records_follow(const uint8_t *at, const uint8_t *end, struct xph_event_census *census)
{
    uint64_t last = 0, tsc;

    for (unsigned found = 0; found < ENOUGH && at < end; found++) {
        const struct xph_event_count *event;
        uint32_t header;

        if ((size_t)(end - at) < sizeof(header))
            return false;
        memcpy(&header, at, sizeof(header));
        event = xph_event_census_find(census, header & 0x0fffffff);
        if (!event->known || !(event->shapes >> xph_header_shape(header) & 1) ||
            event->kind == XPH_KIND_WINDOW || xph_header_length(header) > (size_t)(end - at))
            return false;
        if (header >> 31) {
            memcpy(&tsc, at + sizeof(header), sizeof(tsc));
            if (last != 0 && tsc - last > max_step)
                return false;
            last = tsc;
        }
        at += xph_header_length(header);
    }
    return true;
}

const uint8_t *xph_records_resume(const uint8_t *at, const uint8_t *end,
                                  struct xph_event_census *census)
{
    for (; at < end; at += XPH_TRACE_ALIGNMENT) {
        if (end - at < XPH_TRACE_ALIGNMENT)
            return end;
        if (xph_records_follow(at, end, census))
            return at;
    }
    return end;
}
