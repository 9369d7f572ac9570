/*
 * Records what changes in xenstore under /local/domain, and learns from it what domains are called
 * and where their consoles are. All that waits for xenstored is done in a thread of its own, so a
 * xenstored that hangs holds up nothing else.
 */
#ifndef XPH_TRACER_XENSTORE_SOURCE_H
#define XPH_TRACER_XENSTORE_SOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "recording/error.h"
#include "recording/manifest.h"

struct console_source;
struct serial_source;
struct xenstore_follower;

struct xenstore_source {
    struct xenstore_follower *follower; /* NULL while closed; also the thread's, see below */
    pthread_t thread;
    bool running;
};

/* Creates xenstore.events in `dirfd`, of which the last `keep_bytes` are kept; 0: all, up to a
 * limit. `consoles` is told of new consoles, NULL if none are wanted; `serial` of guests with a
 * serial port. */
bool xenstore_source_open(struct xenstore_source *source, int dirfd,
                          struct console_source *consoles, struct serial_source *serial,
                          uint64_t keep_bytes, struct xph_error *err);

/* Starts the thread. */
bool xenstore_source_start(struct xenstore_source *source, struct xph_error *err);

/* Whether nothing more can be written, and why. */
bool xenstore_source_failed(const struct xenstore_source *source, struct xph_error *why);

/*
 * Ends the thread, after it has taken what xenstored had to tell up to now, and the file. A thread
 * that waits for a xenstored which hangs is left to itself: it does nothing more, has memory of its
 * own, and ends with the process or when xenstored goes on. False if an event could not be written;
 * the file ends with the last one that could.
 */
bool xenstore_source_stop(struct xenstore_source *source, struct xph_error *err);

/* Fills the manifest's facts about xenstore. After the stop. */
void xenstore_source_describe(struct xenstore_source *source, struct xph_manifest *manifest);
/* A copy of the name of the domain that had `domid` at `tsc` or soon after, NULL if it has none;
 * for the caller to free. After the stop. */
char *xenstore_source_name(struct xenstore_source *source, uint32_t domid, uint64_t tsc);

/* Closes the file and frees what is known; safe on one that is all zero. */
void xenstore_source_close(struct xenstore_source *source);

#endif
