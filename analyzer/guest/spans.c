#include "analyzer/guest/spans.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* By these names, and no other mark's value, are moments meant. */
static const char *const prefixes[] = {"boot.", "tick."};

static bool tells_of_span(const struct xph_guest_mark *mark)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (mark->name_bytes >= strlen(prefixes[i]) &&
            memcmp(mark->name, prefixes[i], strlen(prefixes[i])) == 0)
            return mark->value != NULL;
    }
    return false;
}

bool xph_guest_span_read(const struct xph_guest_mark *mark, const struct xph_guest_clock *clock,
                         struct xph_guest_span *span)
{
    char moments[64];
    size_t bytes = mark->value_bytes < sizeof(moments) ? mark->value_bytes : sizeof(moments) - 1;
    int used = 0;

    *span = (struct xph_guest_span){.mark = mark};
    if (!tells_of_span(mark))
        return false;
    memcpy(moments, mark->value, bytes);
    moments[bytes] = '\0';
    if (sscanf(moments, "%" SCNd64 " %" SCNd64 "%n", &span->guest_start_ns, &span->guest_end_ns,
               &used) != 2 ||
        span->guest_end_ns < span->guest_start_ns)
        return false;
    used += (uint32_t)used < mark->value_bytes && mark->value[used] == ' ';
    span->text = mark->value + used;
    span->text_bytes = mark->value_bytes - (uint32_t)used;
    span->placed = xph_guest_clock_place(clock, mark->time_ns, span->guest_start_ns,
                                         &span->start_ns, &span->start_error_ns) &&
                   xph_guest_clock_place(clock, mark->time_ns, span->guest_end_ns, &span->end_ns,
                                         &span->end_error_ns);
    return true;
}
