#include "tracer/sources.h"

#include <errno.h>

#include "tracer/clock.h"

/* How --ring is shared out, by what an idle host writes. */
enum {
    TRACE_SHARE = 11,
    KERNEL_SHARE = 4,
    SAMPLES_SHARE = 2,
    XENSTORE_SHARE = 2,
    CONSOLE_SHARE = 1,
    SHARES = 20,
};

static void open_kernel(struct sources *sources, const struct options *options,
                        const char *xen_version, int dirfd)
{
    sources->kernel_error.text[0] = '\0';
    if (options->kernel_set_count > 0)
        kernel_trace_open(&sources->kernel, dirfd, options->kernel_sets, options->kernel_set_count,
                          xen_version, options->ring_bytes * KERNEL_SHARE / SHARES,
                          &sources->kernel_error);
}

bool sources_open(struct sources *sources, const struct options *options,
                  const struct xen_host *host, struct trace_buffers *buffers, int dirfd,
                  struct xph_error *err)
{
    struct console_source *consoles = NULL;

    if (options->ring_bytes > 0 && !xph_chunk_ring_possible(dirfd, err))
        return false;
    sources->recorder_open = options->events->mask != 0;
    if (sources->recorder_open &&
        !trace_recorder_open(&sources->recorder, buffers, dirfd,
                             options->ring_bytes * TRACE_SHARE / SHARES, err))
        return false;
    if (options->xenstore && options->console && options->sample) {
        consoles = &sources->consoles;
        if (!console_source_open(consoles, dirfd, options->ring_bytes * CONSOLE_SHARE / SHARES,
                                 err))
            return false;
    }
    sources->sampler_open = true;
    if (!sampler_open(&sources->sampler, host, consoles, dirfd, options->sample_hz,
                      options->sample_limited, options->sample_vcpus,
                      options->ring_bytes * SAMPLES_SHARE / SHARES, err) ||
        (options->xenstore &&
         !xenstore_source_open(&sources->xenstore, dirfd, consoles, &sources->serial,
                               options->ring_bytes * XENSTORE_SHARE / SHARES, err)))
        return false;
    open_kernel(sources, options, host->version, dirfd);
    if (consoles && options->kernel_set_count > 0)
        serial_source_open(&sources->serial, consoles);
    return true;
}

bool sources_start(struct sources *sources, const struct options *options, struct xph_error *err)
{
    /* As where it could not be opened: `kernel_error` says why, and the rest goes on. */
    if (sources->kernel.instance)
        kernel_trace_start(&sources->kernel, &sources->kernel_error);
    return (!options->xenstore || xenstore_source_start(&sources->xenstore, err)) &&
           sampler_begin(&sources->sampler, err) &&
           (!options->sample || sampler_start(&sources->sampler, err)) &&
           (!sources->recorder_open ||
            trace_recorder_start(&sources->recorder, options->events->mask, err));
}

/* What a thread tells of its error, it tells before the flag. */
static bool has_failed(const atomic_bool *failed, const struct xph_error *error,
                       struct xph_error *why)
{
    if (!atomic_load(failed))
        return false;
    *why = *error;
    return true;
}

bool sources_failed(struct sources *sources, struct xph_error *why)
{
    return has_failed(&sources->recorder.failed, &sources->recorder.error, why) ||
           sampler_failed(&sources->sampler, why) ||
           has_failed(&sources->kernel.failed, &sources->kernel.error, why) ||
           xenstore_source_failed(&sources->xenstore, why);
}

/* Keeps the first error; but what is lost is worse than a file that is not finished. */
static void note_error(struct xph_error *err, const struct xph_error *cause)
{
    if (err->text[0] == '\0' || (err->errnum == XPH_UNFINISHED && cause->errnum != XPH_UNFINISHED))
        *err = *cause;
}

bool sources_stop(struct sources *sources, struct xph_instant *end, struct xph_error *err)
{
    struct xph_error cause;

    err->text[0] = '\0';
    if (!trace_recorder_stop(&sources->recorder, &cause))
        note_error(err, &cause);
    *end = clock_instant();
    if (sources->sampler_open && !sampler_stop(&sources->sampler, &cause))
        note_error(err, &cause);
    if (!kernel_trace_stop(&sources->kernel, &cause))
        note_error(err, &cause);
    if (!xenstore_source_stop(&sources->xenstore, &cause))
        note_error(err, &cause);
    if (!serial_source_stop(&sources->serial, &cause))
        note_error(err, &cause);
    /* After the threads that bring new consoles and text, and the one that looks at them. */
    console_source_close(&sources->consoles);
    return err->text[0] == '\0';
}

void sources_close(struct sources *sources)
{
    struct xph_error ignored;

    sources_stop(sources, &(struct xph_instant){0}, &ignored);
    if (sources->sampler_open)
        sampler_close(&sources->sampler);
    if (sources->recorder_open)
        trace_recorder_close(&sources->recorder);
    /* Before the one that takes all probes away. */
    serial_source_close(&sources->serial);
    kernel_trace_close(&sources->kernel);
    xenstore_source_close(&sources->xenstore);
    sources->sampler_open = sources->recorder_open = false;
}
