#include "analyzer/kernel/kernel_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/kernel/trace_dat.h"
#include "recording/kernel_file.h"

enum {
    /* Beside the file, which the library maps as a whole, and pieces of it again. */
    WORKER_MEMORY = 64 << 20,
    WORKER_MAPPINGS = 2,
    /* Ten times what the library takes on a slow machine. */
    CPU_SECONDS = 20,
    BYTES_PER_CPU_SECOND = 1 << 20,
    STALL_SECONDS = 60,
    /* The ring buffer's header of an event, and the fields that all have. */
    SMALLEST_EVENT_BYTES = 12,
    /* Beside each event: a name, a loss. */
    EVENTS_PER_EVENT = 3,
};

static void tell_problem(struct xph_kernel_reader *reader, const char *text)
{
    if (reader->problem[0] == '\0')
        snprintf(reader->problem, sizeof(reader->problem), "%s", text);
}

static bool start(struct xph_kernel_reader *reader, int dirfd, uint64_t bytes,
                  struct xph_error *err)
{
    const struct xph_worker_limits limits = {
        .memory_bytes = WORKER_MEMORY + bytes * WORKER_MAPPINGS,
        .cpu_seconds = CPU_SECONDS + (unsigned)(bytes / BYTES_PER_CPU_SECOND),
        .stall_seconds = STALL_SECONDS};
    int in = openat(dirfd, XPH_FILE_KERNEL, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    if (in < 0)
        return xph_fail_errno(err, errno, "cannot open %s", XPH_FILE_KERNEL);
    ok = xph_worker_start(&reader->worker, in, xph_trace_dat_worker, NULL, &limits, err);
    close(in);
    reader->max_events = bytes / SMALLEST_EVENT_BYTES * EVENTS_PER_EVENT;
    reader->done = !ok;
    return ok;
}

bool xph_kernel_reader_open(struct xph_kernel_reader *reader, int dirfd, struct xph_error *err)
{
    struct xph_mapped_file file;
    bool ok;

    *reader = (struct xph_kernel_reader){.done = true};
    if (!xph_map_file(dirfd, XPH_FILE_KERNEL, &file, err)) {
        if (err->errnum != ENOENT)
            return false;
        *err = (struct xph_error){0};
        tell_problem(reader, xph_kernel_parts_left(dirfd)
                                 ? "the recorder left them in parts (xenphase repair joins them)"
                                 : "there is no " XPH_FILE_KERNEL);
        return true;
    }
    ok = xph_chunk_check(dirfd, XPH_FILE_KERNEL, &file, &reader->check, err);
    xph_unmap_file(&file);
    if (!ok)
        return false;
    if (!xph_trace_dat_worker) {
        tell_problem(reader, "this xenphase was built without libtracecmd, which reads them");
        return true;
    }
    return start(reader, dirfd, reader->check.file_bytes, err);
}

/* Ends the worker, and says why if it did not do its work. */
static void finish(struct xph_kernel_reader *reader, const char *trouble)
{
    struct xph_error err;

    reader->done = true;
    if (!xph_worker_stop(&reader->worker, &err)) {
        char text[sizeof(reader->problem)];

        snprintf(text, sizeof(text), "their reader failed: %.200s", err.text);
        tell_problem(reader, text);
    } else if (trouble) {
        tell_problem(reader, trouble);
    }
}

void xph_kernel_reader_close(struct xph_kernel_reader *reader)
{
    xph_worker_stop(&reader->worker, &(struct xph_error){0});
    reader->done = true;
}

/* The next thing that the worker wrote, whole. */
static bool receive(struct xph_kernel_reader *reader, struct xph_kernel_event *event)
{
    while (reader->filled - reader->at < sizeof(*event)) {
        char *buffer = (char *)reader->buffer;
        size_t left = reader->filled - reader->at, got;

        memmove(buffer, buffer + reader->at, left);
        got = xph_worker_read(&reader->worker, buffer + left, sizeof(reader->buffer) - left);
        reader->at = 0;
        reader->filled = left + got;
        if (got == 0)
            return false;
    }
    memcpy(event, (const char *)reader->buffer + reader->at, sizeof(*event));
    reader->at += sizeof(*event);
    return true;
}

static void count(struct xph_kernel_reader *reader, const struct xph_kernel_event *event)
{
    if (event->type == XPH_KERNEL_LOST) {
        reader->lost_places++;
        reader->lost += event->lost.count;
    } else if (event->type != XPH_KERNEL_NAME) {
        reader->events++;
    }
}

/* The last message: the worker came to the end of the file, or says why not. */
static void take_end(struct xph_kernel_reader *reader, const struct xph_kernel_event *event)
{
    const char *text = event->other.name;
    char trouble[XPH_KERNEL_TEXT_BYTES + 32];

    snprintf(trouble, sizeof(trouble), "%s: %.*s", XPH_FILE_KERNEL, XPH_KERNEL_TEXT_BYTES - 1,
             text);
    /* Lets the worker end by itself. */
    while (xph_worker_read(&reader->worker, reader->buffer, sizeof(reader->buffer)) > 0)
        ;
    finish(reader, text[0] != '\0' ? trouble : NULL);
}

bool xph_kernel_reader_next(struct xph_kernel_reader *reader, struct xph_kernel_event *event)
{
    while (!reader->done) {
        if (!receive(reader, event)) {
            finish(reader, "their reader stopped in the middle");
        } else if (event->type == XPH_TRACE_DAT_END) {
            take_end(reader, event);
        } else if (reader->max_events-- == 0) {
            finish(reader, "their reader tells of more events than the file can hold");
        } else if (!xph_kernel_event_valid(event)) {
            reader->invalid++;
        } else {
            count(reader, event);
            return true;
        }
    }
    return false;
}
