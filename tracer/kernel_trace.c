#include "tracer/kernel_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recording/kernel_file.h"
#include "tracer/kernel_buffer_size.h"
#include "tracer/realtime.h"
#include "tracer/trace_instance.h"

enum {
    READER_PRIORITY = 9, /* below the reader of Xen's buffers, which are smaller */
    POLL_NS = 100000000, /* between two looks, see kernel_buffer_size.h */
    FLUSH_EVERY = 10,    /* polls between two updates of the indices: about a second */
};

bool kernel_trace_clean_up(void)
{
    bool found = trace_instance_remove_all();

    return (tracefs_tracing_dir() && kernel_probes_remove_all() > 0) || found;
}

bool kernel_trace_left(struct xph_error *why)
{
    return tracefs_tracing_dir() && (trace_instance_left(why) || kernel_probes_left(why));
}

static bool open_cpu(struct kernel_trace *trace, const char *instance, struct xph_error *err)
{
    struct kernel_cpu *cpu = &trace->cpus[trace->cpu_count];
    char name[32];

    if (!kernel_pages_open(&cpu->pages, instance, trace->cpu_count))
        return xph_fail_errno(err, errno, "cannot open the trace buffer of CPU %u",
                              trace->cpu_count);
    snprintf(name, sizeof(name), XPH_FILE_KERNEL_CPU, trace->cpu_count);
    if (xph_chunk_writer_open(&cpu->out, trace->dirfd, name, err))
        return true;
    xph_chunk_writer_close(&cpu->out, &(struct xph_error){0});
    kernel_pages_close(&cpu->pages);
    return false;
}

/* Opens what the kernel has for each CPU; not every one that a machine could have has a buffer. */
static bool open_all_cpus(struct kernel_trace *trace, const char *instance, struct xph_error *err)
{
    unsigned count = (unsigned)sysconf(_SC_NPROCESSORS_CONF);
    struct xph_error cause;

    trace->cpus = calloc(count, sizeof(*trace->cpus));
    trace->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    trace->pages = malloc(trace->page_bytes * KERNEL_PAGES_AT_ONCE);
    if (!trace->cpus || !trace->pages)
        return xph_fail(err, "out of memory");
    while (trace->cpu_count < count && open_cpu(trace, instance, &cause))
        trace->cpu_count++;
    if (trace->cpu_count < count && (trace->cpu_count == 0 || cause.errnum != ENOENT)) {
        *err = cause;
        return false;
    }
    for (unsigned i = 0; i < trace->cpu_count; i++)
        trace->cpus[i].ring_kept.keep_bytes = trace->keep_bytes / trace->cpu_count;
    return true;
}

static bool open_cpus(struct kernel_trace *trace, struct xph_error *err)
{
    char *instance = tracefs_instance_get_dir(trace->instance);
    bool ok = instance ? open_all_cpus(trace, instance, err) : xph_fail(err, "out of memory");

    tracefs_put_tracing_file(instance);
    return ok;
}

static bool add_sets(struct kernel_trace *trace, const struct probe_set *const *sets, size_t count,
                     const char *xen_version, struct xph_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!kernel_probes_add(&trace->probes, trace->instance, xen_version, sets[i], err))
            return false;
    }
    return trace->probes.count > 0 ||
           xph_fail(err, "this kernel has none of the events that are wanted (%s: %s)",
                    trace->probes.missing_count ? trace->probes.missing[0].name : "no set",
                    trace->probes.missing_count ? trace->probes.missing[0].reason : "empty");
}

/* Of a recording without dom0's kernel events, none of their files may stay. */
static bool give_up(struct kernel_trace *trace)
{
    kernel_trace_close(trace);
    xph_kernel_parts_remove(trace->dirfd);
    return false;
}

bool kernel_trace_open(struct kernel_trace *trace, int dirfd, const struct probe_set *const *sets,
                       size_t set_count, const char *xen_version, uint64_t keep_bytes,
                       struct xph_error *err)
{
    *trace = (struct kernel_trace){
        .dirfd = dirfd, .keep_bytes = keep_bytes, .buffer_kib = kernel_buffer_kib_here()};
    if (trace_instance_make(&trace->instance, TRACE_INSTANCE_KERNEL, trace->buffer_kib, err) &&
        add_sets(trace, sets, set_count, xen_version, err) &&
        kernel_head_write(dirfd, tracefs_tracing_dir(), trace->probes.events, trace->probes.count,
                          err) &&
        open_cpus(trace, err))
        return true;
    return give_up(trace);
}

static bool write_pages(struct kernel_trace *trace, struct kernel_cpu *cpu, size_t bytes,
                        struct xph_error *err)
{
    struct iovec iov = {trace->pages, bytes};

    trace->bytes += bytes;
    return bytes == 0 || (xph_chunk_writer_append(&cpu->out, &iov, 1, err) &&
                          xph_chunk_ring_trim(&cpu->ring_kept, &cpu->out, err));
}

static bool fail_to_read(struct kernel_trace *trace, const struct kernel_cpu *cpu,
                         struct xph_error *err)
{
    return xph_fail_errno(err, errno, "cannot read the kernel's trace buffer of CPU %td",
                          cpu - trace->cpus);
}

/* Carries over the whole pages that a CPU has filled. */
static bool drain_cpu(struct kernel_trace *trace, struct kernel_cpu *cpu, struct xph_error *err)
{
    ssize_t got;

    while ((got = kernel_pages_take_full(&cpu->pages, trace->pages)) > 0) {
        if (!write_pages(trace, cpu, (size_t)got, err))
            return false;
    }
    return got == 0 || fail_to_read(trace, cpu, err);
}

/* Carries over what is left, the page that is not full included; nothing is recorded any more. */
static bool flush_cpu(struct kernel_trace *trace, struct kernel_cpu *cpu, struct xph_error *err)
{
    ssize_t got;

    if (!drain_cpu(trace, cpu, err))
        return false;
    for (;;) {
        memset(trace->pages, 0, trace->page_bytes);
        got = kernel_pages_take_any(&cpu->pages, trace->pages);
        if (got < 0)
            return fail_to_read(trace, cpu, err);
        if (got == 0)
            return xph_chunk_writer_flush(&cpu->out, err);
        if (!write_pages(trace, cpu, trace->page_bytes, err))
            return false;
    }
}

static bool drain(struct kernel_trace *trace, bool flush_indices, struct xph_error *err)
{
    for (unsigned i = 0; i < trace->cpu_count; i++) {
        if (!drain_cpu(trace, &trace->cpus[i], err) ||
            (flush_indices && !xph_chunk_writer_flush(&trace->cpus[i].out, err)))
            return false;
    }
    return true;
}

static void *run(void *argument)
{
    const struct timespec poll = {0, POLL_NS};
    struct kernel_trace *trace = argument;
    unsigned polls = 0;
    bool ok = true;

    realtime_thread(READER_PRIORITY);
    while (ok && !atomic_load(&trace->stop)) {
        nanosleep(&poll, NULL);
        ok = drain(trace, ++polls % FLUSH_EVERY == 0, &trace->error);
    }
    if (!ok) {
        trace_instance_switch(trace->instance, false);
        atomic_store(&trace->failed, true);
    }
    return NULL;
}

bool kernel_trace_try(const struct probe_set *sets, size_t set_count, const char *xen_version,
                      struct kernel_probes *probes, struct xph_error *err)
{
    struct kernel_trace trace = {0};
    bool ok =
        trace_instance_make(&trace.instance, TRACE_INSTANCE_KERNEL, kernel_buffer_kib_here(), err);

    for (size_t i = 0; ok && i < set_count; i++)
        ok = kernel_probes_add(&trace.probes, trace.instance, xen_version, &sets[i], err);
    if (ok) {
        *probes = trace.probes;
        trace.probes = (struct kernel_probes){0};
    }
    kernel_trace_close(&trace);
    return ok;
}

static bool start(struct kernel_trace *trace, struct xph_error *err)
{
    int result;

    if (!trace_instance_switch(trace->instance, true))
        return xph_fail_errno(err, errno, "cannot switch dom0's kernel tracing on");
    result = realtime_thread_start(&trace->thread, run, trace);
    if (result != 0)
        return xph_fail_errno(err, result, "cannot start the reader of dom0's kernel events");
    trace->running = true;
    return true;
}

bool kernel_trace_start(struct kernel_trace *trace, struct xph_error *err)
{
    return start(trace, err) || give_up(trace);
}

static bool save_names(struct kernel_trace *trace, struct xph_error *err)
{
    struct xph_chunk_writer out;
    int size = 0;
    char *names = tracefs_instance_file_read(NULL, "saved_cmdlines", &size);
    struct iovec iov = {names, (size_t)(size > 0 ? size : 0)};
    bool ok;

    if (!names)
        return true;
    ok = xph_chunk_writer_open(&out, trace->dirfd, XPH_FILE_KERNEL_NAMES, err) &&
         xph_chunk_writer_append(&out, &iov, 1, err);
    ok = xph_chunk_writer_close(&out, ok ? err : &(struct xph_error){0}) && ok;
    free(names);
    return ok;
}

static bool close_cpus(struct kernel_trace *trace, struct xph_error *err)
{
    bool ok = true;

    for (unsigned i = 0; i < trace->cpu_count; i++) {
        kernel_pages_close(&trace->cpus[i].pages);
        ok = xph_chunk_writer_close(&trace->cpus[i].out, ok ? err : &(struct xph_error){0}) && ok;
    }
    trace->cpu_count = 0;
    free(trace->cpus);
    free(trace->pages);
    trace->cpus = NULL;
    trace->pages = NULL;
    return ok;
}

bool kernel_trace_stop(struct kernel_trace *trace, struct xph_error *err)
{
    bool ok = true;

    if (!trace->running)
        return true;
    trace_instance_switch(trace->instance, false);
    atomic_store(&trace->stop, true);
    pthread_join(trace->thread, NULL);
    trace->running = false;
    if (atomic_load(&trace->failed)) {
        *err = trace->error;
        ok = false;
    }
    for (unsigned i = 0; ok && i < trace->cpu_count; i++)
        ok = flush_cpu(trace, &trace->cpus[i], err);
    trace->lost_events = trace_instance_lost(trace->instance, trace->cpu_count);
    trace->missed_events = kernel_probes_missed(&trace->probes);
    ok = ok && save_names(trace, err);
    ok = close_cpus(trace, ok ? err : &(struct xph_error){0}) && ok;
    /* Also after a failure: what was recorded is to be read. */
    return xph_kernel_parts_join(trace->dirfd, ok ? err : &(struct xph_error){0}) && ok;
}

void kernel_trace_close(struct kernel_trace *trace)
{
    kernel_trace_stop(trace, &(struct xph_error){0});
    close_cpus(trace, &(struct xph_error){0});
    if (trace->instance) {
        trace_instance_remove(trace->instance);
        kernel_probes_remove_all();
        trace->instance = NULL;
    }
    kernel_probes_free(&trace->probes);
}
