/*
 * xenstore.events: which keys of xenstore changed when, and the values of those that tell
 * something. The layout is described in docs/format/recording.md.
 */
#ifndef XPH_RECORDING_XENSTORE_EVENTS_H
#define XPH_RECORDING_XENSTORE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "recording/chunk_index.h"
#include "recording/error.h"
#include "recording/files.h"

#define XPH_XENSTORE_MAGIC "XPHXST01" /* the file's first 8 bytes */

/* XENSTORE_ABS_PATH_MAX and XENSTORE_PAYLOAD_MAX of Xen's public/io/xs_wire.h */
enum { XPH_XENSTORE_MAX_PATH = 3072, XPH_XENSTORE_MAX_VALUE = 4096 };

/* Whether the value was read after the event. */
enum xph_xenstore_value {
    XPH_XENSTORE_NOT_READ,
    XPH_XENSTORE_VALUE,
    XPH_XENSTORE_GONE, /* it was to be read, and the key was not there any more */
};

/* One change. Path and value are any bytes, as guests may write them; both point into the file. */
struct xph_xenstore_event {
    uint64_t tsc; /* when we were told of the change, some time after it was made */
    uint64_t
        value_tsc; /* when the value had been read: it is that or an older one; 0 if not read */
    enum xph_xenstore_value state;
    const char *path, *value; /* not terminated */
    uint32_t path_bytes, value_bytes;
};

bool xph_xenstore_writer_open(struct xph_chunk_writer *writer, int dirfd, struct xph_error *err);
/* Appends an event whose path and value are within the limits above. */
bool xph_xenstore_write(struct xph_chunk_writer *writer, const struct xph_xenstore_event *event,
                        struct xph_error *err);

/* Walks the events of a mapped file. */
struct xph_xenstore_reader {
    const uint8_t *data;
    size_t size;
    size_t at;    /* offset of the next event */
    bool damaged; /* stopped at something that is not an event, at offset `at` */
};

/* False if the file does not begin with the magic. `file` must outlive the reader. */
bool xph_xenstore_reader_open(struct xph_xenstore_reader *reader,
                              const struct xph_mapped_file *file, struct xph_error *err);
/* The next event; false at the end or at damage. */
bool xph_xenstore_next(struct xph_xenstore_reader *reader, struct xph_xenstore_event *event);

#endif
