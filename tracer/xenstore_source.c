#include "tracer/xenstore_source.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "recording/chunk_ring.h"
#include "recording/xenstore_events.h"
#include "tracer/clock.h"
#include "tracer/console_source.h"
#include "tracer/realtime.h"
#include "tracer/serial_source.h"
#include "tracer/xenstore_names.h"

enum {
    SOURCE_PRIORITY = 3,          /* below the sampler's */
    STOP_SECONDS = 3,             /* for an answer of xenstored that is under way, and REST_NS */
    REST_NS = 1000000000,         /* for what is left at the end: a guest can go on for ever */
    MAX_BYTES = 64 * 1024 * 1024, /* of events: guests must not fill dom0's disk */
    FLUSH_NS = 1000000000,
    EVENTS_AT_ONCE = 256, /* between two looks at whether to stop */
};

/* What the thread works with. It is the source's, too, and lives until both have let go of it. */
struct xenstore_follower {
    int stop_fd;          /* an eventfd */
    atomic_bool failed;   /* nothing more can be written; `error` says why */
    pthread_mutex_t lock; /* of everything below */
    unsigned owners;
    bool abandoned; /* the source waits no longer: nothing is to be written or told any more */
    struct console_source *consoles;
    struct serial_source *serial;
    int dirfd;
    struct xph_chunk_writer out;
    struct xph_chunk_ring ring; /* how much of xenstore.events is kept */
    struct xph_error error;
    struct xenstore_names names;
    uint64_t events;
    uint64_t dropped;  /* events beyond what one recording keeps */
    char *unavailable; /* why events are missing, NULL if none are; owned */
};

static const char *const watched[] = {"@introduceDomain", "@releaseDomain", "/local/domain"};

/* `value` is NULL where the key is gone; `old` is a key that was there before the recording. Called
 * with the lock. */
typedef void learn_key(struct xenstore_follower *follower, uint32_t domid, const char *value,
                       bool old);
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

/* The toolstack removes a domain's directory before it gives its memory back: time to let go of it.
 */
static void learn_end(struct xenstore_follower *follower, uint32_t domid, const char *value,
                      bool old)
{
    (void)old;
    if (value)
        return;
    xenstore_names_end(&follower->names, domid, clock_tsc());
    if (follower->consoles)
        console_source_drop(follower->consoles, domid);
}

static void learn_name(struct xenstore_follower *follower, uint32_t domid, const char *value,
                       bool old)
{
    (void)old;
    if (value)
        xenstore_names_set(&follower->names, domid, value);
}

static void learn_console(struct xenstore_follower *follower, uint32_t domid, const char *value,
                          bool old)
{
    char *end;
    unsigned long long frame = value ? strtoull(value, &end, 10) : 0;

    if (follower->consoles && value && end != value && *end == '\0')
        console_source_add(follower->consoles, domid, frame, old);
}

static void learn_serial(struct xenstore_follower *follower, uint32_t domid, const char *value,
                         bool old)
{
    (void)domid;
    (void)old;
    if (value)
        serial_source_want(follower->serial);
}

/* The first reason stays. */
static void set_unavailable(struct xenstore_follower *follower, const char *what, int errnum)
{
    struct xph_error why;

    if (errnum != 0)
        xph_fail_errno(&why, errnum, "%s", what);
    else
        xph_fail(&why, "%s", what);
    pthread_mutex_lock(&follower->lock);
    if (!follower->unavailable)
        follower->unavailable = strdup(why.text);
    pthread_mutex_unlock(&follower->lock);
}

static bool keep(struct xenstore_follower *follower, const struct xph_xenstore_event *event)
{
    bool room = (follower->ring.keep_bytes > 0 || follower->out.offset < MAX_BYTES) &&
                event->path_bytes <= XPH_XENSTORE_MAX_PATH &&
                event->value_bytes <= XPH_XENSTORE_MAX_VALUE;

    *(room ? &follower->events : &follower->dropped) += 1;
    return !room || (xph_xenstore_write(&follower->out, event, &follower->error) &&
                     xph_chunk_ring_trim(&follower->ring, &follower->out, &follower->error));
}

/* False if nothing more is to be done, as it failed or was abandoned. */
static bool learn_and_keep(struct xenstore_follower *follower, size_t key,
                           const struct xph_xenstore_event *event)
{
    uint32_t domid;
    bool ok;

    pthread_mutex_lock(&follower->lock);
    ok = !follower->abandoned;
    if (ok && key < READ_KEYS && read_keys[key].learn && domain_of(event->path, &domid))
        read_keys[key].learn(follower, domid, event->value, false);
    if (ok && !keep(follower, event)) {
        atomic_store(&follower->failed, true);
        ok = false;
    }
    pthread_mutex_unlock(&follower->lock);
    return ok;
}

static bool handle(struct xenstore_follower *follower, struct xs_handle *xenstore, const char *path)
{
    struct xph_xenstore_event event = {
        .tsc = clock_tsc(), .path = path, .path_bytes = (uint32_t)strlen(path)};
    char *value = NULL;
    size_t key = 0;
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
    }
    ok = learn_and_keep(follower, key, &event);
    free(value);
    return ok;
}

static void learn_old(struct xenstore_follower *follower, size_t key, const char *domain,
                      const char *value)
{
    pthread_mutex_lock(&follower->lock);
    if (!follower->abandoned)
        read_keys[key].learn(follower, (uint32_t)strtoul(domain, NULL, 10), value, true);
    pthread_mutex_unlock(&follower->lock);
}

/* What there was before the first event. */
static void learn_existing(struct xenstore_follower *follower, struct xs_handle *xenstore)
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
                learn_old(follower, key, domains[d], value);
            free(value);
        }
    }
    free(domains);
}

enum taken { ALL, MORE, NO_MORE }; /* whether there are more events; NO_MORE: nor will be */

/* Takes the events that are there, up to a limit: the handle's file stays readable while there are
 * more. */
static enum taken take_events(struct xenstore_follower *follower, struct xs_handle *xenstore)
{
    for (unsigned i = 0; i < EVENTS_AT_ONCE; i++) {
        char **event;
        bool ok;

        errno = 0;
        event = xs_check_watch(xenstore);
        if (!event && (errno == 0 || errno == EAGAIN))
            return ALL;
        if (!event) {
            set_unavailable(follower, "the connection to xenstored has ended", errno);
            return NO_MORE;
        }
        ok = handle(follower, xenstore, event[XS_WATCH_PATH]);
        free(event);
        if (!ok)
            return NO_MORE;
    }
    return MORE;
}

static bool flush(struct xenstore_follower *follower)
{
    bool ok;

    pthread_mutex_lock(&follower->lock);
    ok = follower->abandoned || xph_chunk_writer_flush(&follower->out, &follower->error);
    if (!ok)
        atomic_store(&follower->failed, true);
    pthread_mutex_unlock(&follower->lock);
    return ok;
}

/* What changed before the end and was not told yet. xenstored answers in the order in which it
 * tells: with its answer to a question of ours all that is here. */
static void take_rest(struct xenstore_follower *follower, struct xs_handle *xenstore)
{
    uint64_t end_ns = clock_monotonic_ns() + REST_NS;
    enum taken taken;

    free(xs_read(xenstore, XBT_NULL, "/local/domain", &(unsigned){0}));
    do
        taken = take_events(follower, xenstore);
    while (taken == MORE && clock_monotonic_ns() < end_ns);
    if (taken == MORE)
        set_unavailable(follower, "at the end there were more than could be taken in 1 s", 0);
}

static void follow(struct xenstore_follower *follower, struct xs_handle *xenstore)
{
    struct pollfd fds[] = {{.fd = xs_fileno(xenstore), .events = POLLIN},
                           {.fd = follower->stop_fd, .events = POLLIN}};
    uint64_t flushed_ns = clock_monotonic_ns();
    bool more = true;

    while (more && fds[1].revents == 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        more = take_events(follower, xenstore) != NO_MORE;
        if (more && clock_monotonic_ns() - flushed_ns > FLUSH_NS) {
            more = flush(follower);
            flushed_ns = clock_monotonic_ns();
        }
    }
    if (more)
        take_rest(follower, xenstore);
}

/* Whoever is the last frees it. */
static void let_go(struct xenstore_follower *follower)
{
    unsigned owners;

    pthread_mutex_lock(&follower->lock);
    owners = --follower->owners;
    pthread_mutex_unlock(&follower->lock);
    if (owners > 0)
        return;
    close(follower->stop_fd);
    xenstore_names_free(&follower->names);
    free(follower->unavailable);
    pthread_mutex_destroy(&follower->lock);
    free(follower);
}

static void *run(void *argument)
{
    struct xenstore_follower *follower = argument;
    struct xs_handle *xenstore;
    bool ok = true;

    realtime_thread(SOURCE_PRIORITY);
    xenstore = xs_open(0);
    if (!xenstore)
        set_unavailable(follower, "cannot reach xenstored", errno);
    for (size_t i = 0; xenstore && ok && i < sizeof(watched) / sizeof(watched[0]); i++)
        ok = xs_watch(xenstore, watched[i], "");
    if (!ok)
        set_unavailable(follower, "cannot watch xenstore", errno);
    if (xenstore && ok) {
        learn_existing(follower, xenstore);
        follow(follower, xenstore);
    }
    if (xenstore)
        xs_close(xenstore);
    let_go(follower);
    return NULL;
}

bool xenstore_source_open(struct xenstore_source *source, int dirfd,
                          struct console_source *consoles, struct serial_source *serial,
                          uint64_t keep_bytes, struct xph_error *err)
{
    struct xenstore_follower *follower = calloc(1, sizeof(*follower));

    *source = (struct xenstore_source){.follower = follower};
    if (!follower)
        return xph_fail(err, "out of memory");
    *follower = (struct xenstore_follower){
        .owners = 1,
        .consoles = consoles,
        .serial = serial,
        .dirfd = dirfd,
        .out = {.fd = -1, .index_fd = -1},
        .ring = {.keep_bytes = keep_bytes, .head_bytes = strlen(XPH_XENSTORE_MAGIC)}};
    realtime_mutex_init(&follower->lock);
    follower->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (follower->stop_fd < 0)
        return xph_fail_errno(err, errno, "cannot make an eventfd");
    return xph_xenstore_writer_open(&follower->out, dirfd, err);
}

bool xenstore_source_start(struct xenstore_source *source, struct xph_error *err)
{
    int result;

    source->follower->owners = 2;
    result = realtime_thread_start(&source->thread, run, source->follower);
    if (result != 0) {
        source->follower->owners = 1;
        return xph_fail_errno(err, result, "cannot start the thread that watches xenstore");
    }
    source->running = true;
    return true;
}

/* The error is told before the flag. */
bool xenstore_source_failed(const struct xenstore_source *source, struct xph_error *why)
{
    if (!source->follower || !atomic_load(&source->follower->failed))
        return false;
    *why = source->follower->error;
    return true;
}

/* Also after a failure: what is there is to be read without a doubt. With the lock. */
static bool finish_file(struct xenstore_follower *follower, struct xph_error *err)
{
    bool ok = !atomic_load(&follower->failed);

    if (!ok)
        *err = follower->error;
    ok = xph_chunk_writer_close(&follower->out, ok ? err : &(struct xph_error){0}) && ok;
    return (follower->ring.keep_bytes == 0 ||
            xph_chunk_ring_close(follower->dirfd, XPH_FILE_XENSTORE, follower->ring.head_bytes,
                                 NULL, ok ? err : &(struct xph_error){0})) &&
           ok;
}

bool xenstore_source_stop(struct xenstore_source *source, struct xph_error *err)
{
    struct xenstore_follower *follower = source->follower;
    struct timespec deadline;
    bool ok;

    if (!source->running)
        return true;
    source->running = false;
    eventfd_write(follower->stop_fd, 1);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += STOP_SECONDS;
    if (pthread_timedjoin_np(source->thread, NULL, &deadline) != 0) {
        pthread_detach(source->thread);
        set_unavailable(follower, "xenstored does not answer in time", 0);
    }
    pthread_mutex_lock(&follower->lock);
    follower->abandoned = true;
    ok = finish_file(follower, err);
    pthread_mutex_unlock(&follower->lock);
    return ok;
}

void xenstore_source_describe(struct xenstore_source *source, struct xph_manifest *manifest)
{
    struct xenstore_follower *follower = source->follower;

    pthread_mutex_lock(&follower->lock);
    manifest->xenstore_unavailable = follower->unavailable ? strdup(follower->unavailable) : NULL;
    manifest->xenstore_events = follower->events;
    manifest->xenstore_dropped_events = follower->dropped;
    pthread_mutex_unlock(&follower->lock);
}

char *xenstore_source_name(struct xenstore_source *source, uint32_t domid, uint64_t tsc)
{
    const char *name;
    char *copy;

    pthread_mutex_lock(&source->follower->lock);
    name = xenstore_names_find(&source->follower->names, domid, tsc);
    copy = name ? strdup(name) : NULL;
    pthread_mutex_unlock(&source->follower->lock);
    return copy;
}

void xenstore_source_close(struct xenstore_source *source)
{
    if (!source->follower)
        return;
    xenstore_source_stop(source, &(struct xph_error){0});
    xph_chunk_writer_close(&source->follower->out, &(struct xph_error){0});
    let_go(source->follower);
    *source = (struct xenstore_source){0};
}
