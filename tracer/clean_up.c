#include "tracer/clean_up.h"

#include <stdio.h>

#include "tracer/kernel_probes.h"
#include "tracer/kernel_trace.h"
#include "tracer/lock.h"
#include "tracer/trace_buffers.h"
#include "tracer/trace_instance.h"
#include "tracer/xen_host.h"

bool clean_up_kernel_wanted(void)
{
    return tracefs_tracing_dir() && (trace_instance_exists_any() || kernel_probes_exist());
}

static bool clean_up_xen(const struct xen_host *host, uint32_t left_mask, struct xph_error *err)
{
    struct trace_buffers buffers;
    bool ok;

    if (!trace_buffers_open(&buffers, host, &left_mask, err))
        return false;
    ok = trace_buffers_map(&buffers, err) && trace_buffers_put_back(&buffers, err);
    trace_buffers_close(&buffers);
    if (!ok)
        return false;
    puts("Xen's tracing: off, and the event mask as it was before");
    return true;
}

bool clean_up(xentoollog_logger *log, struct xph_error *err)
{
    struct recorder_lock lock = {.fd = -1};
    struct xen_host host = {0};
    struct xph_error remains;
    struct left_over left;
    bool ok, kernel, is_left;

    if (!xen_host_open(&host, log, err))
        return false;
    if (!recorder_lock_take(&lock, &left, err)) {
        xen_host_close(&host);
        return false;
    }
    kernel = kernel_trace_clean_up();
    is_left = kernel_trace_left(&remains);
    if (kernel)
        puts(is_left ? "dom0's kernel: some probes and trace instances removed"
                     : "dom0's kernel: probes and trace instance removed");
    ok = !left.found || clean_up_xen(&host, left.mask, err);
    if (!kernel && !is_left && !left.found)
        puts("nothing to clean up");
    /* Only what was put back is forgotten. */
    if (ok)
        recorder_lock_release(&lock);
    else
        recorder_lock_drop(&lock);
    xen_host_close(&host);
    if (is_left) {
        struct xph_error cause = *err;

        xph_fail(err, "%s%s%s (then run xenphase record --cleanup again)", ok ? "" : cause.text,
                 ok ? "" : "; ", remains.text);
    }
    return ok && !is_left;
}
