/*
 * Keeps what guests write to their consoles, line by line with the TSC.
 *
 * The page that a guest shares with xenconsoled is mapped for reading only and looked at again and
 * again: nothing is taken from `xl console`, and the guest and xenconsoled do not notice. Only
 * where more than the ring's 2 KiB come between two looks, text is lost, and that is said. What
 * an HVM guest writes to its emulated serial port is brought by serial_source.h.
 */
#ifndef XPH_TRACER_CONSOLE_SOURCE_H
#define XPH_TRACER_CONSOLE_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"
#include "tracer/console_file.h"

struct xenforeignmemory_handle;
struct guest_console;

/* Consoles of one kind, with a lock of its own: who brings text of serial ports waits for the disk
 * with it, and the real-time thread that looks at the others must not wait along. */
struct console_group {
    pthread_mutex_t lock; /* of everything below */
    struct guest_console *consoles;
    size_t count;
    struct console_files files;
};

struct console_source {
    bool open;
    struct xenforeignmemory_handle *memory;
    struct console_group paravirtual;
    struct console_group serial;
    atomic_bool any_serial; /* false: there was never one */
    size_t next;            /* the paravirtual console that is to be looked at next */
    uint64_t taken;         /* bytes of text in this look at all of them */
};

/* Makes the directory console/ in `dirfd`, for the last `keep_bytes` of text; 0: all, up to a
 * limit. */
bool console_source_open(struct console_source *source, int dirfd, uint64_t keep_bytes,
                         struct xph_error *err);

/* Follows a guest's console from now on, what its ring still holds included. `frame` is what
 * xenstore calls its ring-ref; `old`: the guest ran before the recording, so what its ring holds no
 * more is no loss. A guest whose ring cannot be mapped is passed over. */
void console_source_add(struct console_source *source, uint32_t domid, uint64_t frame, bool old);

/* Keeps text that a guest wrote to a serial port. */
bool console_source_serial(struct console_source *source, uint32_t domid,
                           const struct console_look *look, struct xph_error *err);

/* Looks at the consoles, no longer than a fixed amount of text takes; to be called at least every
 * few ms. False if text could not be written. */
bool console_source_poll(struct console_source *source, struct xph_error *err);

/* Lets go of a dying guest's page: while it is mapped, its memory cannot be given back. */
void console_source_drop(struct console_source *source, uint32_t domid);

/* Keeps the last lines and ends; safe on one that is all zero. What was counted stays. */
void console_source_close(struct console_source *source);

#endif
