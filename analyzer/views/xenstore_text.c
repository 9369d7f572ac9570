#include "analyzer/views/xenstore_text.h"

#include <inttypes.h>

#include "analyzer/views/terminal_text.h"

void xph_dump_xenstore_event(FILE *out, const struct xph_clock *clock,
                             const struct xph_xenstore_event *event)
{
    uint64_t ns = xph_clock_dom0_ns(clock, event->tsc);

    fprintf(out, "%6" PRIu64 ".%09" PRIu64 " ", ns / 1000000000, ns % 1000000000);
    xph_print_bytes(out, event->path, event->path_bytes);
    if (event->state == XPH_XENSTORE_GONE) {
        fputs(" (gone)", out);
    } else if (event->state == XPH_XENSTORE_VALUE) {
        fputs(" = \"", out);
        xph_print_bytes(out, event->value, event->value_bytes);
        fputc('"', out);
    }
    fputc('\n', out);
}
