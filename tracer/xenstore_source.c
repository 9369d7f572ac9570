#include "tracer/xenstore_source.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "recording/xenstore_events.h"
#include "tracer/clock.h"
#include "tracer/console_source.h"
#include "tracer/realtime.h"
#include "tracer/serial_source.h"

enum {
    SOURCE_PRIORITY = 3,          /* below the sampler's */
    STOP_SECONDS = 2,             /* for an answer of xenstored that is under way */
    MAX_BYTES = 64 * 1024 * 1024, /* of events: guests must not fill dom0's disk */
    FLUSH_NS = 1000000000,
    EVENTS_AT_ONCE = 256, /* between two looks at whether to stop: a guest can make them for ever */
    MAX_NAMES = 8192,     /* of domains; more only if so many live */
};

static const char *const watched[] = {"@introduceDomain", "@releaseDomain", "/local/domain"};

/* `value` is NULL where the key is gone; `old` is a key that was there before the recording. */
typedef void learn_key(struct xenstore_source *source, uint32_t domid, const char *value, bool old);
static learn_key learn_end, learn_name, learn_console, learn_serial;

/* Keys whose value is read when they change, and who else is to know it. */
static const struct {
    /* fnmatch(3). * matches slashes, too, but where somebody learns: a guest may write what it
     * likes deeper in its own directory, and must not name a domain by it. */
    const char *pattern;
    learn_key *learn;
} read_keys[] = {
    {"/local/domain/*", learn_end},
    {"*/state", NULL},
    {"*/hotplug-status", NULL},
    {"*/hotplug-error", NULL},
    {"/local/domain/*/name", learn_name},
    {"/local/domain/*/console/ring-ref", learn_console},
    {"/local/domain/*/serial/0/tty", learn_serial},
    {"/local/domain/*/control/shutdown", NULL},
    {"/local/domain/*/data/*", NULL},
};

enum { READ_KEYS = sizeof(read_keys) / sizeof(read_keys[0]) };

/* The domain whose directory this is, or in whose directory a key is; false for other keys. */
static bool domain_of(const char *path, uint32_t *domid)
{
    return sscanf(path, "/local/domain/%" SCNu32, domid) == 1;
}

/* The name that a living domain is known by, NULL if none. */
static struct known_name *find_name(struct xenstore_source *source, uint32_t domid)
{
    for (size_t i = 0; i < source->name_count; i++) {
        if (source->names[i].domid == domid && source->names[i].gone_tsc == 0)
            return &source->names[i];
    }
    return NULL;
}

/* The toolstack removes a domain's directory before it gives its memory back: time to let go of it.
 */
static void learn_end(struct xenstore_source *source, uint32_t domid, const char *value, bool old)
{
    struct known_name *known;

    (void)old;
    if (value)
        return;
    pthread_mutex_lock(&source->lock);
    known = find_name(source, domid);
    if (known)
        known->gone_tsc = clock_tsc();
    pthread_mutex_unlock(&source->lock);
    if (source->consoles)
        console_source_drop(source->consoles, domid);
}

/* Room for another one; of too many, the first that is gone is forgotten. */
static bool make_room_for_name(struct xenstore_source *source)
{
    struct known_name *grown;

    for (size_t i = 0; source->name_count >= MAX_NAMES && i < source->name_count; i++) {
        if (source->names[i].gone_tsc == 0)
            continue;
        free(source->names[i].name);
        source->name_count--;
        memmove(&source->names[i], &source->names[i + 1],
                (source->name_count - i) * sizeof(*source->names));
        return true;
    }
    grown = realloc(source->names, (source->name_count + 1) * sizeof(*grown));
    if (grown)
        source->names = grown;
    return grown != NULL;
}

static void learn_name(struct xenstore_source *source, uint32_t domid, const char *value, bool old)
{
    struct known_name *known;
    char *name = value ? strdup(value) : NULL;

    (void)old;
    if (!name)
        return;
    pthread_mutex_lock(&source->lock);
    known = find_name(source, domid);
    if (known) {
        free(known->name);
        known->name = name;
    } else if (make_room_for_name(source)) {
        source->names[source->name_count++] = (struct known_name){.domid = domid, .name = name};
    } else {
        free(name);
    }
    pthread_mutex_unlock(&source->lock);
}

static void learn_console(struct xenstore_source *source, uint32_t domid, const char *value,
                          bool old)
{
    char *end;
    unsigned long long frame = value ? strtoull(value, &end, 10) : 0;

    if (source->consoles && value && end != value && *end == '\0')
        console_source_add(source->consoles, domid, frame, old);
}

static void learn_serial(struct xenstore_source *source, uint32_t domid, const char *value,
                         bool old)
{
    (void)domid;
    (void)old;
    if (value)
        serial_source_want(source->serial);
}

static void set_unavailable(struct xenstore_source *source, const char *what, int errnum)
{
    struct xph_error why;

    xph_fail_errno(&why, errnum, "%s", what);
    pthread_mutex_lock(&source->lock);
    if (!source->unavailable)
        source->unavailable = strdup(why.text);
    pthread_mutex_unlock(&source->lock);
}

static bool keep(struct xenstore_source *source, const struct xph_xenstore_event *event,
                 struct xph_error *err)
{
    bool room = (source->ring.keep_bytes > 0 || source->out.offset < MAX_BYTES) &&
                event->path_bytes <= XPH_XENSTORE_MAX_PATH &&
                event->value_bytes <= XPH_XENSTORE_MAX_VALUE;

    pthread_mutex_lock(&source->lock);
    *(room ? &source->events : &source->dropped) += 1;
    pthread_mutex_unlock(&source->lock);
    return !room || (xph_xenstore_write(&source->out, event, err) &&
                     xph_chunk_ring_trim(&source->ring, &source->out, err));
}

static bool handle(struct xenstore_source *source, struct xs_handle *xenstore, const char *path,
                   struct xph_error *err)
{
    struct xph_xenstore_event event = {
        .tsc = clock_tsc(), .path = path, .path_bytes = (uint32_t)strlen(path)};
    char *value = NULL;
    size_t key = 0;
    uint32_t domid;
    bool ok;

    while (key < READ_KEYS &&
           fnmatch(read_keys[key].pattern, path, read_keys[key].learn ? FNM_PATHNAME : 0) != 0)
        key++;
    if (key < READ_KEYS) {
        value = xs_read(xenstore, XBT_NULL, path, &event.value_bytes);
        event.value = value;
        event.value_tsc = clock_tsc();
        event.state = value ? XPH_XENSTORE_VALUE : XPH_XENSTORE_GONE;
        if (!value)
            event.value_bytes = 0;
        if (read_keys[key].learn && domain_of(path, &domid))
            read_keys[key].learn(source, domid, value, false);
    }
    ok = keep(source, &event, err);
    free(value);
    return ok;
}

/* What there was before the first event. */
static void learn_existing(struct xenstore_source *source, struct xs_handle *xenstore)
{
    unsigned count = 0;
    char **domains = xs_directory(xenstore, XBT_NULL, "/local/domain", &count);

    for (unsigned d = 0; domains && d < count; d++) {
        for (size_t key = 0; key < READ_KEYS; key++) {
            const char *star = strchr(read_keys[key].pattern, '*');
            char path[128], *value;

            if (!read_keys[key].learn ||
                snprintf(path, sizeof(path), "%.*s%s%s", (int)(star - read_keys[key].pattern),
                         read_keys[key].pattern, domains[d], star + 1) >= (int)sizeof(path))
                continue;
            value = xs_read(xenstore, XBT_NULL, path, &(unsigned){0});
            if (value)
                read_keys[key].learn(source, (uint32_t)strtoul(domains[d], NULL, 10), value, true);
            free(value);
        }
    }
    free(domains);
}

/* The events that are there, up to a limit: the handle's file stays readable while there are more.
 * False where there will be no more, with `ok` telling why not. */
static bool take_events(struct xenstore_source *source, struct xs_handle *xenstore, bool *ok)
{
    for (unsigned i = 0; i < EVENTS_AT_ONCE; i++) {
        char **event;

        errno = 0;
        event = xs_check_watch(xenstore);
        if (!event && (errno == 0 || errno == EAGAIN))
            return true;
        if (!event) {
            set_unavailable(source, "the connection to xenstored has ended", errno);
            return false;
        }
        *ok = handle(source, xenstore, event[XS_WATCH_PATH], &source->error);
        free(event);
        if (!*ok)
            return false;
    }
    return true;
}

static bool follow(struct xenstore_source *source, struct xs_handle *xenstore)
{
    struct pollfd fds[] = {{.fd = xs_fileno(xenstore), .events = POLLIN},
                           {.fd = source->stop_fd, .events = POLLIN}};
    uint64_t flushed_ns = clock_monotonic_ns();
    bool ok = true, more = true;

    while (more && fds[1].revents == 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        more = take_events(source, xenstore, &ok);
        if (ok && clock_monotonic_ns() - flushed_ns > FLUSH_NS) {
            ok = more = xph_chunk_writer_flush(&source->out, &source->error);
            flushed_ns = clock_monotonic_ns();
        }
    }
    return ok;
}

static void *run(void *argument)
{
    struct xenstore_source *source = argument;
    struct xs_handle *xenstore;
    bool ok = true;

    realtime_thread(SOURCE_PRIORITY);
    xenstore = xs_open(0);
    if (!xenstore) {
        set_unavailable(source, "cannot reach xenstored", errno);
        return NULL;
    }
    for (size_t i = 0; ok && i < sizeof(watched) / sizeof(watched[0]); i++)
        ok = xs_watch(xenstore, watched[i], "");
    if (ok) {
        learn_existing(source, xenstore);
        ok = follow(source, xenstore);
        atomic_store(&source->failed, !ok);
    } else {
        set_unavailable(source, "cannot watch xenstore", errno);
    }
    xs_close(xenstore);
    return NULL;
}

bool xenstore_source_open(struct xenstore_source *source, int dirfd,
                          struct console_source *consoles, struct serial_source *serial,
                          uint64_t keep_bytes, struct xph_error *err)
{
    *source = (struct xenstore_source){
        .consoles = consoles,
        .serial = serial,
        .stop_fd = -1,
        .dirfd = dirfd,
        .out = {.fd = -1, .index_fd = -1},
        .ring = {.keep_bytes = keep_bytes, .head_bytes = strlen(XPH_XENSTORE_MAGIC)}};
    pthread_mutex_init(&source->lock, NULL);
    source->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (source->stop_fd < 0)
        return xph_fail_errno(err, errno, "cannot make an eventfd");
    return xph_xenstore_writer_open(&source->out, dirfd, err);
}

bool xenstore_source_start(struct xenstore_source *source, struct xph_error *err)
{
    int result = pthread_create(&source->thread, NULL, run, source);

    if (result != 0)
        return xph_fail_errno(err, result, "cannot start the thread that watches xenstore");
    source->running = true;
    return true;
}

bool xenstore_source_stop(struct xenstore_source *source, struct xph_error *err)
{
    struct timespec deadline;

    if (!source->running)
        return true;
    source->running = false;
    eventfd_write(source->stop_fd, 1);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += STOP_SECONDS;
    if (pthread_timedjoin_np(source->thread, NULL, &deadline) != 0) {
        /* The thread keeps what it uses; it ends with the process. */
        pthread_detach(source->thread);
        source->abandoned = true;
        set_unavailable(source, "xenstored does not answer", ETIMEDOUT);
        return true;
    }
    if (atomic_load(&source->failed)) {
        *err = source->error;
        return false;
    }
    return xph_chunk_writer_close(&source->out, err) &&
           (source->ring.keep_bytes == 0 ||
            xph_chunk_ring_close(source->dirfd, XPH_FILE_XENSTORE, source->ring.head_bytes, NULL,
                                 err));
}

void xenstore_source_describe(struct xenstore_source *source, struct xph_manifest *manifest)
{
    pthread_mutex_lock(&source->lock);
    manifest->xenstore_unavailable = source->unavailable ? strdup(source->unavailable) : NULL;
    manifest->xenstore_events = source->events;
    manifest->xenstore_dropped_events = source->dropped;
    pthread_mutex_unlock(&source->lock);
}

char *xenstore_source_name(struct xenstore_source *source, uint32_t domid, uint64_t tsc)
{
    char *name = NULL;

    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < source->name_count && !name; i++) {
        const struct known_name *known = &source->names[i];

        if (known->domid == domid && (known->gone_tsc == 0 || known->gone_tsc >= tsc))
            name = strdup(known->name);
    }
    pthread_mutex_unlock(&source->lock);
    return name;
}

void xenstore_source_close(struct xenstore_source *source)
{
    if (source->stop_fd < 0 || source->abandoned)
        return;
    xph_chunk_writer_close(&source->out, &(struct xph_error){0});
    close(source->stop_fd);
    source->stop_fd = -1;
    for (size_t i = 0; i < source->name_count; i++)
        free(source->names[i].name);
    free(source->names);
    free(source->unavailable);
    pthread_mutex_destroy(&source->lock);
}
