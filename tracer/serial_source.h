/*
 * Keeps what HVM guests write to emulated serial ports, with the TSC of each write.
 *
 * The port's other end is a pseudo terminal of QEMU's: who reads that takes the text from
 * `xl console`. So the kernel is asked, by a probe of its own in a tracefs instance of its own,
 * what QEMU writes there. The probe is made when the first guest with such a port is met: a host
 * without one pays nothing. A QEMU in a stub domain is not seen.
 */
#ifndef XPH_TRACER_SERIAL_SOURCE_H
#define XPH_TRACER_SERIAL_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <tracefs.h>

#include "recording/error.h"
#include "tracer/kernel_probes.h"

struct console_source;

/* A thread of a QEMU, and whose device model it is. */
struct serial_writer {
    int pid;
    uint32_t domid;
    bool is_guest; /* false: no QEMU, or one that serves a paravirtual guest */
    uint64_t look; /* in which it was asked */
};

struct serial_source {
    struct console_source *consoles; /* NULL while closed */
    pthread_mutex_t lock;            /* of the start and the end */
    bool wanted;                     /* the start was tried */
    struct tracefs_instance *instance;
    struct kernel_probes probes;
    struct tep_handle *events;
    pthread_t thread;
    bool running;
    atomic_bool stop;
    char *unavailable; /* why there is no text, NULL if there may be; owned */
    /* The thread's: */
    struct serial_writer *writers; /* owned */
    size_t writer_count;
    uint64_t looks;
    uint64_t lost; /* writes that found no room, as told so far */
    struct xph_error error;
    bool failed; /* text could not be written */
};

void serial_source_open(struct serial_source *source, struct console_source *consoles);

/* There is a guest with a serial port: begins, if that is not done yet. */
void serial_source_want(struct serial_source *source);

/* Takes what is left and ends; false if text could not be written. */
bool serial_source_stop(struct serial_source *source, struct xph_error *err);

/* Takes everything out of the kernel again; safe on one that is all zero. */
void serial_source_close(struct serial_source *source);

#endif
