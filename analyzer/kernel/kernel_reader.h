/*
 * dom0.dat of a recording as a stream of events in the order of time. The file is read by a worker
 * process; what it sends is checked here, event by event.
 */
#ifndef XPH_ANALYZER_KERNEL_KERNEL_READER_H
#define XPH_ANALYZER_KERNEL_KERNEL_READER_H

#include "analyzer/kernel/kernel_event.h"
#include "analyzer/kernel/worker.h"
#include "recording/chunk_index.h"

enum { XPH_KERNEL_EVENTS_AT_ONCE = 512 };

struct xph_kernel_reader {
    struct xph_worker worker;
    struct xph_chunk_check check; /* of the file's checksums */
    /* Why events are missing: there is no file, or reading it failed; "" if nothing is. */
    char problem[256];
    uint64_t events;      /* delivered so far, without names */
    uint64_t invalid;     /* that cannot be, and were left out */
    uint64_t lost;        /* by the kernel for lack of room, as far as it counted them */
    uint64_t lost_places; /* where it lost some */
    uint64_t max_events;  /* that a file of that size can hold */
    bool done;
    size_t at, filled; /* bytes */
    struct xph_kernel_event buffer[XPH_KERNEL_EVENTS_AT_ONCE];
};

/*
 * Opens dom0.dat of the directory `dirfd` and starts the worker; to be called while the process has
 * one thread. Where there is no file, or no library to read it with, `problem` says so and no
 * events come. False only where memory or I/O fails. To be closed even then.
 */
bool xph_kernel_reader_open(struct xph_kernel_reader *reader, int dirfd, struct xph_error *err);
void xph_kernel_reader_close(struct xph_kernel_reader *reader);

/* The next event; false at the end, or where the worker failed (then `problem` says how). */
bool xph_kernel_reader_next(struct xph_kernel_reader *reader, struct xph_kernel_event *event);

#endif
