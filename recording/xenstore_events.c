#include "recording/xenstore_events.h"

#include <string.h>

/* An event on disk, before its path and its value; padded with zeros to a multiple of 8. */
struct event_header {
    uint16_t size; /* of the whole event in bytes */
    uint16_t state;
    uint16_t path_bytes, value_bytes;
    uint64_t tsc, value_tsc;
};

enum { ALIGNMENT = 8 };
_Static_assert(sizeof(struct event_header) == 24, "as in docs/format/recording.md");
_Static_assert(sizeof(struct event_header) + XPH_XENSTORE_MAX_PATH + XPH_XENSTORE_MAX_VALUE +
                       ALIGNMENT <=
                   UINT16_MAX,
               "an event's size fits its field");

bool xph_xenstore_writer_open(struct xph_chunk_writer *writer, int dirfd, struct xph_error *err)
{
    struct iovec magic = {(void *)(uintptr_t)XPH_XENSTORE_MAGIC, strlen(XPH_XENSTORE_MAGIC)};

    return xph_chunk_writer_open(writer, dirfd, XPH_FILE_XENSTORE, err) &&
           xph_chunk_writer_append(writer, &magic, 1, err);
}

bool xph_xenstore_write(struct xph_chunk_writer *writer, const struct xph_xenstore_event *event,
                        struct xph_error *err)
{
    static const char zeros[ALIGNMENT];
    size_t bytes = sizeof(struct event_header) + event->path_bytes + event->value_bytes;
    size_t padding = (ALIGNMENT - bytes % ALIGNMENT) % ALIGNMENT;
    struct event_header header = {
        .size = (uint16_t)(bytes + padding),
        .state = (uint16_t)event->state,
        .path_bytes = (uint16_t)event->path_bytes,
        .value_bytes = (uint16_t)event->value_bytes,
        .tsc = event->tsc,
        .value_tsc = event->value_tsc,
    };
    struct iovec iov[] = {
        {&header, sizeof(header)},
        {(void *)(uintptr_t)event->path, event->path_bytes},
        {(void *)(uintptr_t)event->value, event->value_bytes},
        {(void *)(uintptr_t)zeros, padding},
    };

    return xph_chunk_writer_append(writer, iov, sizeof(iov) / sizeof(iov[0]), err);
}

bool xph_xenstore_reader_open(struct xph_xenstore_reader *reader,
                              const struct xph_mapped_file *file, struct xph_error *err)
{
    size_t magic = strlen(XPH_XENSTORE_MAGIC);

    *reader = (struct xph_xenstore_reader){file->data, file->size, magic, false};
    if (file->size >= magic && memcmp(file->data, XPH_XENSTORE_MAGIC, magic) == 0)
        return true;
    return xph_fail(err, "%s does not begin with %s: not made by xenphase, or damaged",
                    XPH_FILE_XENSTORE, XPH_XENSTORE_MAGIC);
}

bool xph_xenstore_next(struct xph_xenstore_reader *reader, struct xph_xenstore_event *event)
{
    struct event_header header;
    const char *text = (const char *)reader->data + reader->at + sizeof(header);

    reader->damaged = reader->at != reader->size;
    if (reader->size - reader->at < sizeof(header))
        return false;
    memcpy(&header, reader->data + reader->at, sizeof(header));
    if (header.size % ALIGNMENT != 0 || header.size > reader->size - reader->at ||
        header.state > XPH_XENSTORE_GONE ||
        sizeof(header) + header.path_bytes + header.value_bytes > header.size)
        return false;
    *event = (struct xph_xenstore_event){
        .tsc = header.tsc,
        .value_tsc = header.value_tsc,
        .state = (enum xph_xenstore_value)header.state,
        .path = text,
        .value = text + header.path_bytes,
        .path_bytes = header.path_bytes,
        .value_bytes = header.value_bytes,
    };
    reader->at += header.size;
    reader->damaged = false;
    return true;
}
