#include "tracer/trace_instance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/kernel_file.h"
#include "tracer/holders.h"

static const char *const our_names[] = {TRACE_INSTANCE_KERNEL, TRACE_INSTANCE_SERIAL};

enum { OUR_NAMES = sizeof(our_names) / sizeof(our_names[0]) };

/* Tries once more to remove the instance `name`; true with the reason if it is still there. */
static bool is_left(const char *name, struct xph_error *why)
{
    char path[512], part[128], holders[512];
    int errnum;

    if (!tracefs_instance_exists(name))
        return false;
    snprintf(path, sizeof(path), "%s/instances/%s", tracefs_tracing_dir(), name);
    if (rmdir(path) == 0)
        return false;
    errnum = errno;
    snprintf(part, sizeof(part), "/instances/%s/", name);
    if (holders_find("/proc", part, holders, sizeof(holders)) > 0)
        xph_fail(why, "the trace instance %s is still there, because files of it are open in %s",
                 path, holders);
    else
        xph_fail_errno(why, errnum, "the trace instance %s is still there", path);
    return true;
}

bool trace_instance_make(struct tracefs_instance **instance, const char *name, size_t buffer_kib,
                         struct xph_error *err)
{
    char size[32];

    *instance = NULL;
    if (!tracefs_tracing_dir())
        return xph_fail(err, "no tracefs (mount -t tracefs nodev /sys/kernel/tracing)");
    /* Whoever has files of it open would take the events away from us. */
    if (is_left(name, err))
        return false;
    *instance = tracefs_instance_create(name);
    if (!*instance)
        return xph_fail_errno(err, errno,
                              "cannot make an instance in %s/instances (is the kernel locked down? "
                              "see /sys/kernel/security/lockdown)",
                              tracefs_tracing_dir());
    trace_instance_switch(*instance, false);
    errno = 0;
    if (tracefs_instance_file_write(*instance, "trace_clock", XPH_KERNEL_CLOCK) < 0)
        return xph_fail_errno(err, errno, "this kernel does not offer the trace clock %s",
                              XPH_KERNEL_CLOCK);
    snprintf(size, sizeof(size), "%zu", buffer_kib);
    if (tracefs_instance_file_write(*instance, "buffer_size_kb", size) < 0)
        return xph_fail_errno(err, errno, "cannot have trace buffers of %zu KiB for each CPU",
                              buffer_kib);
    return true;
}

bool trace_instance_switch(struct tracefs_instance *instance, bool on)
{
    errno = 0;
    return tracefs_instance_file_write(instance, "tracing_on", on ? "1" : "0") > 0;
}

/* The sum of the counters of lost events in per_cpu/cpuN/stats. */
uint64_t trace_instance_lost(struct tracefs_instance *instance, unsigned cpu_count)
{
    static const char *const counters[] = {
        "\noverrun: ", "\ncommit overrun: ", "\ndropped events: "};
    uint64_t lost = 0;

    for (unsigned i = 0; i < cpu_count; i++) {
        char name[64], *stats;

        snprintf(name, sizeof(name), "per_cpu/cpu%u/stats", i);
        stats = tracefs_instance_file_read(instance, name, NULL);
        for (size_t c = 0; stats && c < sizeof(counters) / sizeof(counters[0]); c++) {
            const char *found = strstr(stats, counters[c]);

            if (found)
                lost += strtoull(found + strlen(counters[c]), NULL, 10);
        }
        free(stats);
    }
    return lost;
}

/* An instance cannot be removed while its events are on, nor can a probe that one uses. */
void trace_instance_remove(struct tracefs_instance *instance)
{
    trace_instance_switch(instance, false);
    tracefs_instance_file_write(instance, "events/enable", "0");
    tracefs_instance_destroy(instance);
    tracefs_instance_free(instance);
}

bool trace_instance_exists_any(void)
{
    bool found = false;

    for (size_t i = 0; i < OUR_NAMES; i++)
        found |= tracefs_instance_exists(our_names[i]);
    return found;
}

bool trace_instance_remove_all(void)
{
    bool found = false;

    if (!tracefs_tracing_dir())
        return false;
    for (size_t i = 0; i < OUR_NAMES; i++) {
        struct tracefs_instance *left;

        if (!tracefs_instance_exists(our_names[i]))
            continue;
        left = tracefs_instance_create(our_names[i]);
        if (left)
            trace_instance_remove(left);
        found |= !tracefs_instance_exists(our_names[i]);
    }
    return found;
}

bool trace_instance_left(struct xph_error *why)
{
    for (size_t i = 0; tracefs_tracing_dir() && i < OUR_NAMES; i++) {
        if (is_left(our_names[i], why))
            return true;
    }
    return false;
}
