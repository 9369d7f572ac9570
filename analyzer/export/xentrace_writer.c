#include "analyzer/export/xentrace_writer.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/trace_file.h"
#include "recording/files.h"

enum {
    WINDOW_BYTES = 128 * 1024, /* that a pCPU's window may have: xentrace's default buffers' size */
    RECORD_BYTES = 4 + 8 + 4 * XPH_RECORD_MAX_WORDS,
    CPU_CHANGE_HEADER = 0x20000000 | XPH_EVENT_CPU_CHANGE, /* two extra words, no TSC */
};

bool xph_xentrace_writer_open(struct xph_xentrace_writer *writer, int fd, struct xph_error *err)
{
    *writer = (struct xph_xentrace_writer){
        .fd = fd, .windows = calloc(XPH_MAX_PCPUS, sizeof(*writer->windows))};
    return writer->windows || xph_fail(err, "out of memory");
}

static bool write_window(struct xph_xentrace_writer *writer, uint32_t pcpu, struct xph_error *err)
{
    struct xph_xentrace_window *window = &writer->windows[pcpu];
    uint32_t head[3] = {CPU_CHANGE_HEADER, pcpu, (uint32_t)window->size};
    struct iovec iov[2] = {{head, sizeof(head)}, {window->data, window->size}};

    if (window->size == 0)
        return true;
    window->size = 0;
    return xph_write_all(writer->fd, iov, 2, err);
}

bool xph_xentrace_writer_flush(struct xph_xentrace_writer *writer, struct xph_error *err)
{
    for (uint32_t pcpu = 0; pcpu < writer->pcpu_end; pcpu++) {
        if (!write_window(writer, pcpu, err))
            return false;
    }
    return true;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

bool xph_xentrace_writer_add(struct xph_xentrace_writer *writer, const struct xph_record *record,
                             struct xph_error *err)
{
    struct xph_xentrace_window *window = &writer->windows[record->pcpu];
    uint32_t header =
        (uint32_t)record->timed << 31 | (uint32_t)record->extra_words << 28 | record->event;
    uint8_t *at;

    if (!window->data && !(window->data = malloc(WINDOW_BYTES)))
        return xph_fail(err, "out of memory for pCPU %u", record->pcpu);
    if (record->pcpu >= writer->pcpu_end)
        writer->pcpu_end = record->pcpu + 1u;
    if (WINDOW_BYTES - window->size < RECORD_BYTES && !xph_xentrace_writer_flush(writer, err))
        return false;
    at = put(window->data + window->size, &header, sizeof(header));
    if (record->timed)
        at = put(at, &record->tsc, sizeof(record->tsc));
    at = put(at, record->words, record->extra_words * sizeof(record->words[0]));
    window->size = (size_t)(at - window->data);
    return true;
}

void xph_xentrace_writer_close(struct xph_xentrace_writer *writer)
{
    for (size_t pcpu = 0; pcpu < writer->pcpu_end; pcpu++)
        free(writer->windows[pcpu].data);
    free(writer->windows);
    writer->windows = NULL;
}
