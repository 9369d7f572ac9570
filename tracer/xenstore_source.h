/*
 * Records what changes in xenstore under /local/domain, and learns from it what domains are called
 * and where their consoles are. All that waits for xenstored is done in a thread of its own, so a
 * xenstored that hangs holds up nothing else.
 */
#ifndef XPH_TRACER_XENSTORE_SOURCE_H
#define XPH_TRACER_XENSTORE_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/chunk_ring.h"
#include "recording/error.h"
#include "recording/manifest.h"

struct console_source;
struct serial_source;

/* What a domain was called last. */
struct known_name {
    uint32_t domid;
    uint64_t gone_tsc; /* when its directory was gone, 0 while it is there */
    char *name;        /* any bytes; owned */
};

struct xenstore_source {
    struct console_source *consoles; /* told of new consoles, NULL if none are wanted */
    struct serial_source *serial;    /* told of guests with a serial port */
    int dirfd;
    struct xph_chunk_writer out; /* the thread's */
    struct xph_chunk_ring ring;  /* how much of xenstore.events is kept */
    pthread_t thread;
    bool running;
    bool abandoned;     /* xenstored holds the thread: what it uses must stay */
    int stop_fd;        /* an eventfd, -1 while closed */
    atomic_bool failed; /* nothing more can be written; `error` says why */
    struct xph_error error;
    pthread_mutex_t lock; /* of everything below */
    struct known_name *names;
    size_t name_count;
    uint64_t events;
    uint64_t dropped;  /* events beyond what one recording keeps */
    char *unavailable; /* why events are missing, NULL if none are; owned */
};

/* Creates xenstore.events in `dirfd`, of which the last `keep_bytes` are kept; 0: all, up to a
 * limit. */
bool xenstore_source_open(struct xenstore_source *source, int dirfd,
                          struct console_source *consoles, struct serial_source *serial,
                          uint64_t keep_bytes, struct xph_error *err);

/* Starts the thread. */
bool xenstore_source_start(struct xenstore_source *source, struct xph_error *err);

/* Ends the thread and the file, or says so where xenstored does not let it end. False if an event
 * could not be written. */
bool xenstore_source_stop(struct xenstore_source *source, struct xph_error *err);

/* Fills the manifest's facts about xenstore. After the stop. */
void xenstore_source_describe(struct xenstore_source *source, struct xph_manifest *manifest);
/* A copy of the name of the domain that had `domid` at `tsc` or soon after, NULL if it has none;
 * for the caller to free. After the stop. */
char *xenstore_source_name(struct xenstore_source *source, uint32_t domid, uint64_t tsc);

/* Closes the file and frees what is known; safe on one that is {.stop_fd = -1}. */
void xenstore_source_close(struct xenstore_source *source);

#endif
