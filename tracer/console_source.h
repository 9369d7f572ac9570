/*
 * Keeps what guests write to their consoles, line by line with the TSC.
 *
 * The page that a guest shares with xenconsoled is mapped for reading only and looked at again and
 * again: nothing is taken from `xl console`, and the guest and xenconsoled do not notice. Only
 * where more than the ring's 2 KiB come between two looks, text is lost, and that is said. A guest
 * without a paravirtual console (most HVM guests write to an emulated serial port) has no text
 * here.
 */
#ifndef XPH_TRACER_CONSOLE_SOURCE_H
#define XPH_TRACER_CONSOLE_SOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

struct xenforeignmemory_handle;
struct guest_console;

struct console_source {
    struct xenforeignmemory_handle *memory;
    int dirfd;            /* of console/ in the recording, -1 while closed */
    pthread_mutex_t lock; /* of everything below */
    struct guest_console *consoles;
    size_t count;
    size_t next;         /* the console that is to be looked at next */
    uint64_t taken;      /* bytes of text in this look at all of them */
    uint64_t file_bytes; /* written for all guests, the stamps included */
    uint64_t bytes;      /* of text kept */
    uint64_t lost_bytes; /* overwritten before they were read */
};

/* Makes the directory console/ in `dirfd`. */
bool console_source_open(struct console_source *source, int dirfd, struct xph_error *err);

/* Follows a guest's console from now on, what its ring still holds included. `frame` is what
 * xenstore calls its ring-ref; `old`: the guest ran before the recording, so what its ring holds no
 * more is no loss. A guest whose ring cannot be mapped is passed over. */
void console_source_add(struct console_source *source, uint32_t domid, uint64_t frame, bool old);

/* Looks at the consoles, no longer than a fixed amount of text takes; to be called at least every
 * few ms. False if text could not be written. */
bool console_source_poll(struct console_source *source, struct xph_error *err);

/* Lets go of a dying guest's page: while it is mapped, its memory cannot be given back. */
void console_source_drop(struct console_source *source, uint32_t domid);

/* Keeps the last lines and ends; safe on one with dirfd -1. */
void console_source_close(struct console_source *source);

#endif
