#include "tracer/serial_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tracer/console_source.h"
#include "tracer/device_model.h"
#include "tracer/kernel_buffer_size.h"
#include "tracer/realtime.h"
#include "tracer/trace_instance.h"

enum {
    LOOK_NS = 100000000,
    BUFFER_SHARE = 4,   /* of what dom0's kernel events have: some 10,000 characters in 1 MiB */
    WORDS = 4,          /* of eight bytes, in an event: a port is written a character at a time */
    MAX_WRITERS = 4096, /* threads that are remembered */
};

/* Linux's pty_write(struct tty_struct *, const unsigned char *, size or int) on x86. */
static const struct probe_set serial_probe = {
    .name = "serial",
    .text = "kprobe guest_serial pty_write count=%dx:u32 t0=+0(%si):u64 t1=+8(%si):u64 "
            "t2=+16(%si):u64 t3=+24(%si):u64",
};

void serial_source_open(struct serial_source *source, struct console_source *consoles)
{
    *source = (struct serial_source){.consoles = consoles};
    pthread_mutex_init(&source->lock, NULL);
}

static struct serial_writer *find_writer(struct serial_source *source, int pid)
{
    struct serial_writer *grown;

    for (size_t i = 0; i < source->writer_count; i++) {
        if (source->writers[i].pid == pid)
            return &source->writers[i];
    }
    if (source->writer_count == MAX_WRITERS)
        source->writer_count = 0;
    grown = realloc(source->writers, (source->writer_count + 1) * sizeof(*grown));
    if (!grown)
        return NULL;
    source->writers = grown;
    grown[source->writer_count] = (struct serial_writer){.pid = pid};
    return &grown[source->writer_count++];
}

/* The guest whose device model `pid` is. Asked once in each look, as a number may be another
 * process's later; of one that is gone by now, the last answer is right. */
static bool guest_of(struct serial_source *source, int pid, uint32_t *domid)
{
    struct serial_writer *writer = find_writer(source, pid);

    if (!writer)
        return false;
    if (writer->look != source->looks) {
        device_model_of(pid, &writer->is_guest, &writer->domid);
        writer->look = source->looks;
    }
    *domid = writer->domid;
    return writer->is_guest;
}

static int take_event(struct tep_event *event, struct tep_record *record, int cpu, void *argument)
{
    static const char *const words[WORDS] = {"t0", "t1", "t2", "t3"};
    struct serial_source *source = argument;
    char text[WORDS * sizeof(uint64_t)];
    struct console_look look = {.bytes = text, .tsc = record->ts};
    struct console_look after = {.tsc = record->ts};
    unsigned long long value;
    uint32_t domid;

    (void)cpu;
    if (strcmp(event->name, "guest_serial") != 0 ||
        tep_get_field_val(NULL, event, "count", record, &value, 0) != 0 ||
        !guest_of(source, tep_data_pid(event->tep, record), &domid))
        return 0;
    look.count = value < sizeof(text) ? value : sizeof(text);
    after.lost = value - look.count;
    for (size_t i = 0; i < WORDS; i++) {
        if (tep_get_field_val(NULL, event, words[i], record, &value, 0) != 0)
            return 0;
        memcpy(text + i * sizeof(uint64_t), &value, sizeof(uint64_t));
    }
    source->failed =
        !console_source_serial(source->consoles, domid, &look, &source->error) ||
        (after.lost > 0 && !console_source_serial(source->consoles, domid, &after, &source->error));
    return source->failed;
}

static void take_all(struct serial_source *source)
{
    source->looks++;
    tracefs_iterate_raw_events(source->events, source->instance, NULL, 0, take_event, source);
}

static void *run(void *argument)
{
    const struct timespec look = {0, LOOK_NS};
    struct serial_source *source = argument;

    while (!source->failed && !atomic_load(&source->stop)) {
        nanosleep(&look, NULL);
        take_all(source);
    }
    return NULL;
}

static bool start(struct serial_source *source, struct xph_error *err)
{
    static const char *const systems[] = {KERNEL_PROBE_SYSTEM, NULL};
    int result;

    if (!trace_instance_make(&source->instance, TRACE_INSTANCE_SERIAL,
                             kernel_buffer_kib_here() / BUFFER_SHARE, err) ||
        !kernel_probes_add(&source->probes, source->instance, "", &serial_probe, err))
        return false;
    if (source->probes.count == 0)
        return xph_fail(err, "this kernel does not let pty_write be probed: %s",
                        source->probes.missing[0].reason);
    source->events = tracefs_local_events_system(NULL, systems);
    if (!source->events)
        return xph_fail(err, "cannot read the formats of %s in tracefs", KERNEL_PROBE_SYSTEM);
    if (!trace_instance_switch(source->instance, true))
        return xph_fail_errno(err, errno, "cannot switch the probe of serial ports on");
    result = realtime_thread_start(&source->thread, run, source);
    if (result != 0)
        return xph_fail_errno(err, result, "cannot start the reader of serial ports");
    source->running = true;
    return true;
}

/* The probe may be used no more, and other probes are of other sources. */
static void undo(struct serial_source *source)
{
    if (source->instance)
        trace_instance_remove(source->instance);
    source->instance = NULL;
    kernel_probes_remove(&source->probes);
    kernel_probes_free(&source->probes);
    tep_free(source->events);
    source->events = NULL;
}

void serial_source_want(struct serial_source *source)
{
    struct xph_error why;

    pthread_mutex_lock(&source->lock);
    if (source->consoles && !source->wanted) {
        source->wanted = true;
        if (!start(source, &why)) {
            source->unavailable = strdup(why.text);
            undo(source);
        }
    }
    pthread_mutex_unlock(&source->lock);
}

/* Writes that found no room in the buffers: of how many bytes and whose, nobody knows. */
static void count_lost(struct serial_source *source)
{
    unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_CONF);

    source->lost = trace_instance_lost(source->instance, cpus);
}

bool serial_source_stop(struct serial_source *source, struct xph_error *err)
{
    bool ok = true;

    if (!source->consoles)
        return true;
    pthread_mutex_lock(&source->lock);
    source->wanted = true;
    if (source->running) {
        trace_instance_switch(source->instance, false);
        atomic_store(&source->stop, true);
        pthread_join(source->thread, NULL);
        source->running = false;
        if (!source->failed)
            take_all(source);
        count_lost(source);
        if (source->failed) {
            *err = source->error;
            ok = false;
        }
    }
    pthread_mutex_unlock(&source->lock);
    return ok;
}

void serial_source_close(struct serial_source *source)
{
    serial_source_stop(source, &(struct xph_error){0});
    undo(source);
    free(source->writers);
    free(source->unavailable);
    *source = (struct serial_source){0};
}
