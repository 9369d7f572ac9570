#include "analyzer/decode/trace_file.h"

#include <stdlib.h>
#include <string.h>

enum {
    CPU_CHANGE_BYTES = 12,
    CPU_CHANGE_HEADER = 0x2001f003, /* two extra words, no TSC; Xen: tools/xentrace/xentrace.c */
    FIRST_CAPACITY = 64,
    ALIGNMENT = 4, /* everything in the file is a multiple of 32 bits */
};

/* A CPU_CHANGE can stand at `offset` if it has the header, a possible pCPU and a possible size. */
static bool read_cpu_change(const uint8_t *data, size_t size, size_t offset, uint32_t *pcpu,
                            uint32_t *window)
{
    uint32_t words[3];

    if (size - offset < CPU_CHANGE_BYTES)
        return false;
    memcpy(words, data + offset, sizeof(words));
    *pcpu = words[1];
    *window = words[2];
    return words[0] == CPU_CHANGE_HEADER && *pcpu < XPH_MAX_PCPUS && *window % ALIGNMENT == 0;
}

static struct xph_pcpu_windows *find_pcpu(struct xph_trace_file *file, uint16_t pcpu,
                                          struct xph_error *err)
{
    struct xph_pcpu_windows *grown;
    size_t at = 0;

    while (at < file->pcpu_count && file->pcpus[at].pcpu < pcpu)
        at++;
    if (at < file->pcpu_count && file->pcpus[at].pcpu == pcpu)
        return &file->pcpus[at];
    grown = realloc(file->pcpus, (file->pcpu_count + 1) * sizeof(*grown));
    if (!grown) {
        xph_fail(err, "out of memory for %zu CPUs", file->pcpu_count + 1);
        return NULL;
    }
    file->pcpus = grown;
    memmove(grown + at + 1, grown + at, (file->pcpu_count - at) * sizeof(*grown));
    file->pcpu_count++;
    grown[at] = (struct xph_pcpu_windows){.pcpu = pcpu};
    return &grown[at];
}

static bool add_window(struct xph_trace_file *file, uint16_t pcpu, struct xph_trace_window window,
                       struct xph_error *err)
{
    struct xph_pcpu_windows *windows = find_pcpu(file, pcpu, err);

    if (!windows)
        return false;
    if (windows->count == windows->capacity) {
        size_t capacity = windows->capacity ? windows->capacity * 2 : FIRST_CAPACITY;
        struct xph_trace_window *grown = realloc(windows->windows, capacity * sizeof(*grown));

        if (!grown)
            return xph_fail(err, "out of memory for %zu windows of the trace", capacity);
        windows->windows = grown;
        windows->capacity = capacity;
    }
    windows->windows[windows->count++] = window;
    return true;
}

/* The next offset at or after `offset` where a window can begin, or the end. */
static size_t resynchronise(const uint8_t *data, size_t size, size_t offset)
{
    uint32_t pcpu, window;

    for (; size - offset >= CPU_CHANGE_BYTES; offset += ALIGNMENT) {
        /* In the middle of other bytes a mere look-alike is likely: the window must end within the
         * file too. */
        if (read_cpu_change(data, size, offset, &pcpu, &window) &&
            window <= size - offset - CPU_CHANGE_BYTES)
            return offset;
    }
    return size;
}

void xph_trace_damage_add(struct xph_trace_damage *damage, uint64_t offset, uint64_t bytes)
{
    if (bytes > 0 && damage->skipped_bytes == 0)
        damage->first_offset = offset;
    damage->skipped_bytes += bytes;
}

static bool find_windows(struct xph_trace_file *file, struct xph_error *err)
{
    size_t offset = 0;

    while (offset < file->size) {
        uint32_t pcpu, size;
        size_t start = offset + CPU_CHANGE_BYTES;

        if (!read_cpu_change(file->data, file->size, offset, &pcpu, &size)) {
            size_t next = file->size - offset < CPU_CHANGE_BYTES
                              ? file->size
                              : resynchronise(file->data, file->size, offset + ALIGNMENT);

            file->damage.cut |= next == file->size;
            xph_trace_damage_add(&file->damage, offset, next - offset);
            offset = next;
            continue;
        }
        if (size > file->size - start) {
            file->damage.cut = true;
            size = (uint32_t)(file->size - start);
        }
        if (!add_window(file, (uint16_t)pcpu, (struct xph_trace_window){start, size}, err))
            return false;
        offset = start + size;
    }
    return true;
}

bool xph_trace_file_open(struct xph_trace_file *file, const uint8_t *data, size_t size,
                         struct xph_error *err)
{
    *file = (struct xph_trace_file){.data = data, .size = size};
    if (find_windows(file, err))
        return true;
    xph_trace_file_close(file);
    return false;
}

void xph_trace_file_close(struct xph_trace_file *file)
{
    for (size_t i = 0; i < file->pcpu_count; i++)
        free(file->pcpus[i].windows);
    free(file->pcpus);
    *file = (struct xph_trace_file){0};
}

/* The TSC of the pCPU's first timed record, for those untimed ones that stand before it. */
static uint64_t first_tsc(const struct xph_pcpu_cursor *start)
{
    struct xph_pcpu_cursor cursor = *start;
    struct xph_trace_damage ignored = {0};
    struct xph_record record;

    while (xph_pcpu_cursor_next(&cursor, &record, &ignored)) {
        if (record.timed)
            return record.tsc;
    }
    return 0;
}

void xph_pcpu_cursor_open(struct xph_pcpu_cursor *cursor, const struct xph_trace_file *file,
                          const struct xph_pcpu_windows *pcpu)
{
    *cursor = (struct xph_pcpu_cursor){.file = file, .pcpu = pcpu};
    cursor->last_tsc = first_tsc(cursor);
}

bool xph_pcpu_cursor_next(struct xph_pcpu_cursor *cursor, struct xph_record *record,
                          struct xph_trace_damage *damage)
{
    while (cursor->window < cursor->pcpu->count) {
        const struct xph_trace_window *window = &cursor->pcpu->windows[cursor->window];
        uint64_t offset = window->offset + cursor->at;
        size_t length;

        if (cursor->at == window->size) {
            cursor->window++;
            cursor->at = 0;
            continue;
        }
        length = xph_record_decode(cursor->file->data + offset, window->size - cursor->at, record);
        if (length == 0) {
            damage->records_broken++;
            xph_trace_damage_add(damage, offset, window->size - cursor->at);
            cursor->at = window->size;
            continue;
        }
        cursor->at += length;
        if (record->event == XPH_EVENT_WRAP_BUFFER)
            continue;
        if (record->timed)
            cursor->last_tsc = record->tsc;
        record->tsc = cursor->last_tsc;
        record->pcpu = cursor->pcpu->pcpu;
        record->file_offset = offset;
        return true;
    }
    return false;
}
