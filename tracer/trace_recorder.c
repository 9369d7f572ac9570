#include "tracer/trace_recorder.h"

#include <time.h>

#include "tracer/clock.h"
#include "tracer/clock_yields.h"
#include "tracer/realtime.h"

enum {
    RECORDER_PRIORITY = 10,
    POLL_MS = 100,       /* VIRQ_TBUF comes only at a rising half full, so a timer must help it */
    FLUSH_EVERY = 10,    /* drains between two updates of the index: about a second */
    SETTLE_NS = 2000000, /* time for Xen to write a record after a full ring was emptied */
};

bool trace_recorder_open(struct trace_recorder *recorder, struct trace_buffers *buffers, int dirfd,
                         uint64_t keep_bytes, struct xph_error *err)
{
    *recorder = (struct trace_recorder){
        .buffers = buffers, .dirfd = dirfd, .ring = {.keep_bytes = keep_bytes}};
    recorder->out.fd = recorder->out.index_fd = -1;
    if (!trace_watch_open(&recorder->total.watch, buffers->host->cpu_slots))
        return xph_fail(err, "out of memory");
    return xph_chunk_writer_open(&recorder->out, dirfd, XPH_FILE_TRACE, err);
}

static bool drain(struct trace_recorder *recorder, struct xph_error *err)
{
    return trace_buffers_drain(recorder->buffers, &recorder->out, &recorder->total, err) &&
           xph_chunk_ring_trim(&recorder->ring, &recorder->out, err);
}

/* Ten times a second and more, so it must not cost much; nobody needs it to the microsecond. */
static struct xph_instant now(void)
{
    return clock_instant_once(&(uint64_t){0});
}

/* Switches tracing on again where it is off. On an idle host the silence of a second may be no
 * more than that: a yield of ours is traced at once if tracing is on. */
static bool revive(struct trace_recorder *recorder, struct xph_error *err)
{
    uint64_t bytes = recorder->total.bytes;
    struct clock_check ignored;

    clock_yields_make(&ignored, recorder->buffers->call);
    if (!drain(recorder, err))
        return false;
    if (recorder->total.bytes != bytes)
        return true;
    if (!trace_buffers_start(recorder->buffers, recorder->mask, err))
        return false;
    trace_alive_was_off(&recorder->alive, now(), recorder->total.bytes, &recorder->total.watch);
    return true;
}

static bool check_alive(struct trace_recorder *recorder, struct xph_error *err)
{
    switch (trace_alive_look(&recorder->alive, now(), recorder->total.bytes)) {
    case TRACE_ALIVE_SILENT:
        return revive(recorder, err);
    case TRACE_ALIVE_CHECK_MASK:
        if (trace_buffers_mask_is(recorder->buffers, recorder->mask))
            break;
        if (!trace_buffers_start(recorder->buffers, recorder->mask, err))
            return false;
        trace_alive_was_off(&recorder->alive, now(), recorder->total.bytes, &recorder->total.watch);
        break;
    case TRACE_ALIVE_FINE:
        break;
    }
    return true;
}

static void *run(void *argument)
{
    struct trace_recorder *recorder = argument;
    unsigned drains = 0;
    bool ok = true;

    realtime_thread(RECORDER_PRIORITY);
    while (ok && !atomic_load(&recorder->stop)) {
        trace_buffers_wait(recorder->buffers, POLL_MS);
        ok = drain(recorder, &recorder->error) && check_alive(recorder, &recorder->error);
        if (ok && ++drains % FLUSH_EVERY == 0)
            ok = xph_chunk_writer_flush(&recorder->out, &recorder->error);
    }
    if (!ok) {
        /* Nobody will read the rings any more: Xen need not fill them. */
        trace_buffers_stop(recorder->buffers);
        atomic_store(&recorder->failed, true);
    }
    return NULL;
}

/* Nobody else drains at this time. */
static bool check_clock(struct trace_recorder *recorder, struct xph_clock_pair *pair,
                        struct xph_error *err)
{
    struct trace_watch *watch = &recorder->total.watch;
    struct clock_check check;
    bool ok;

    watch->collect_yields = true;
    watch->yield_count = 0;
    ok = drain(recorder, err);
    clock_yields_make(&check, recorder->buffers->call);
    ok = ok && drain(recorder, err);
    watch->collect_yields = false;
    if (ok)
        *pair = clock_check_solve(&check, watch->yields, watch->yield_count);
    return ok;
}

bool trace_recorder_start(struct trace_recorder *recorder, uint32_t mask, struct xph_error *err)
{
    int result;

    recorder->mask = mask;
    if (!trace_buffers_start(recorder->buffers, mask, err) ||
        !check_clock(recorder, &recorder->clock_start, err))
        return false;
    trace_alive_begin(&recorder->alive, now(), recorder->total.bytes);
    result = realtime_thread_start(&recorder->thread, run, recorder);
    if (result != 0)
        return xph_fail_errno(err, result, "cannot start the trace reader");
    recorder->running = true;
    return true;
}

bool trace_recorder_stop(struct trace_recorder *recorder, struct xph_error *err)
{
    const struct timespec settle = {0, SETTLE_NS};
    uint64_t bytes;
    bool ok;

    if (!recorder->running)
        return true;
    atomic_store(&recorder->stop, true);
    pthread_join(recorder->thread, NULL);
    recorder->running = false;
    if (atomic_load(&recorder->failed)) {
        *err = recorder->error;
        return false;
    }
    /*
     * Switching tracing off clears Xen's counts of lost records, so the rings are emptied first:
     * the next record that finds room brings the count with it. A pCPU whose ring was full and that
     * writes no more records hides a loss, and that is said.
     */
    bytes = recorder->total.bytes;
    ok = check_clock(recorder, &recorder->clock_end, err) && drain(recorder, err);
    if (ok && recorder->total.bytes == bytes)
        trace_alive_was_off(&recorder->alive, now(), bytes, &recorder->total.watch);
    if (ok && trace_watch_doubtful(&recorder->total.watch) > 0) {
        nanosleep(&settle, NULL);
        ok = drain(recorder, err);
    }
    trace_buffers_stop(recorder->buffers);
    ok = ok && drain(recorder, err);
    ok = xph_chunk_writer_close(&recorder->out, ok ? err : &(struct xph_error){0}) && ok;
    return ok && (recorder->ring.keep_bytes == 0 ||
                  xph_chunk_ring_close(recorder->dirfd, XPH_FILE_TRACE, 0, NULL, err));
}

void trace_recorder_close(struct trace_recorder *recorder)
{
    struct xph_error ignored;

    xph_chunk_writer_close(&recorder->out, &ignored);
    trace_watch_close(&recorder->total.watch);
}
