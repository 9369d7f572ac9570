#include "tracer/trace_alive.h"

#include "tracer/trace_watch.h"

void trace_alive_begin(struct trace_alive *alive, struct xph_instant now, uint64_t bytes)
{
    *alive = (struct trace_alive){.heard = now, .bytes = bytes, .looked_ns = now.monotonic_ns};
}

enum trace_alive_advice trace_alive_look(struct trace_alive *alive, struct xph_instant now,
                                         uint64_t bytes)
{
    const uint64_t limit_ns = TRACE_ALIVE_SECONDS * UINT64_C(1000000000);

    if (bytes == alive->bytes)
        return now.monotonic_ns - alive->heard.monotonic_ns < limit_ns ? TRACE_ALIVE_FINE
                                                                       : TRACE_ALIVE_SILENT;
    if (now.monotonic_ns - alive->looked_ns >= limit_ns) {
        alive->looked_ns = now.monotonic_ns;
        return TRACE_ALIVE_CHECK_MASK;
    }
    alive->heard = now;
    alive->bytes = bytes;
    return TRACE_ALIVE_FINE;
}

void trace_alive_was_off(struct trace_alive *alive, struct xph_instant now, uint64_t bytes,
                         struct trace_watch *watch)
{
    for (size_t i = 0; i < watch->pcpu_count && watch->loss_count < XPH_MAX_LOSSES; i++)
        watch->losses[watch->loss_count++] = (struct xph_trace_loss){
            .pcpu = (uint32_t)i, .first_tsc = alive->heard.tsc, .end_tsc = now.tsc};
    alive->count++;
    alive->off_ns += now.monotonic_ns - alive->heard.monotonic_ns;
    alive->heard = now;
    alive->bytes = bytes;
}
