#include "analyzer/decode/trace_file.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/record.h"
#include "analyzer/decode/record_search.h"

enum {
    WINDOW_HEADER_BYTES = 12,
    WINDOW_HEADER = 0x2001f003, /* two extra words, no TSC; Xen: tools/xentrace/xentrace.c */
    FIRST_PCPUS = 8,
};

/* What the search for windows knows. */
struct search {
    struct xph_trace_file *file;
    struct xph_event_census census; /* to judge records by; counts nothing */
    uint16_t *by_number; /* of XPH_MAX_PCPUS pCPUs: position in file->pcpus + 1; 0: not met yet */
    size_t capacity;     /* of file->pcpus */
    /* The result of the last search for a window that is followed by another: none begins between
     * these. */
    size_t searched_from, searched_to;
    size_t kept_from; /* what was read before this is not in memory any more */
};

struct window_header {
    uint32_t word, pcpu, size;
};

/* False where the file has no room for one. */
static bool read_header(const struct xph_trace_file *file, size_t offset,
                        struct window_header *header)
{
    if (offset > file->size || file->size - offset < WINDOW_HEADER_BYTES)
        return false;
    memcpy(header, file->data + offset, sizeof(*header));
    return true;
}

/* A header, even if its size is wrong. */
static bool is_header(const struct window_header *header)
{
    return header->word == WINDOW_HEADER && header->pcpu < XPH_MAX_PCPUS;
}

static bool header_is_possible(const struct window_header *header)
{
    return is_header(header) && header->size % XPH_TRACE_ALIGNMENT == 0;
}

/* Can a window end at `offset`: does another begin there, or the file end? */
static bool is_bound(const struct xph_trace_file *file, size_t offset)
{
    struct window_header header;

    if (offset == file->size)
        return true;
    return read_header(file, offset, &header) && header_is_possible(&header);
}

/* One flipped bit in a header's first word, or a pCPU that cannot be: the window can be told by its
 * bounds all the same. */
static bool is_damaged_header(const struct xph_trace_file *file, size_t offset,
                              struct window_header *header)
{
    return read_header(file, offset, header) &&
           __builtin_popcount(header->word ^ WINDOW_HEADER) <= 1 &&
           header->size % XPH_TRACE_ALIGNMENT == 0 &&
           is_bound(file, offset + WINDOW_HEADER_BYTES + header->size);
}

/* A window in the midst of other bytes may be a mere look-alike: it must end at a bound, too. */
static bool is_chained(const struct xph_trace_file *file, size_t offset)
{
    struct window_header header;

    return read_header(file, offset, &header) && header_is_possible(&header) &&
           is_bound(file, offset + WINDOW_HEADER_BYTES + header.size);
}

/* The next window at or after `offset`, or the file's end. What was searched once is not searched
 * again. */
static size_t find_chained(struct search *search, size_t offset)
{
    const struct xph_trace_file *file = search->file;
    size_t at = offset;

    if (offset >= search->searched_from && offset <= search->searched_to)
        return search->searched_to;
    while (at < file->size && !is_chained(file, at))
        at += XPH_TRACE_ALIGNMENT;
    search->searched_from = offset;
    search->searched_to = at < file->size ? at : file->size;
    return search->searched_to;
}

static void pass(struct search *search, size_t offset)
{
    if (search->file->mapping)
        xph_mapped_file_pass(search->file->mapping, &search->kept_from, offset);
}

/* Walks over records from `offset` to `end` at most. Returns where something else is: a window, a
 * broken record, or nothing any more. */
static size_t walk_records(struct search *search, size_t offset, size_t end)
{
    const uint8_t *data = search->file->data;

    if (offset < search->kept_from)
        search->kept_from = offset; /* once more */
    while (end - offset >= XPH_TRACE_ALIGNMENT) {
        const struct xph_event_count *event;
        uint32_t header;

        memcpy(&header, data + offset, sizeof(header));
        event = xph_event_census_find(&search->census, header & 0x0fffffff);
        if (!(event->shapes >> xph_header_shape(header) & 1) || event->kind == XPH_KIND_WINDOW ||
            xph_header_length(header) > end - offset)
            return offset;
        offset += xph_header_length(header);
        pass(search, offset);
    }
    return offset;
}

/* Where the records that begin at `start` really end, as they do not at `told`. */
static size_t find_end(struct search *search, size_t start, size_t told)
{
    const struct xph_trace_file *file = search->file;
    size_t reached = walk_records(search, start, file->size);

    /* If it is `told`, all is well up to there: what follows is no window. */
    if (is_bound(file, reached) || reached == told)
        return reached;
    return find_chained(search, reached);
}

/* Where another window hides between `start` and `end`, or `end`. What is broken is passed over. */
static size_t find_hidden(struct search *search, size_t start, size_t end)
{
    const struct xph_trace_file *file = search->file;
    size_t at = walk_records(search, start, end);

    while (end - at >= XPH_TRACE_ALIGNMENT) {
        if (is_chained(file, at))
            return at;
        at += XPH_TRACE_ALIGNMENT;
        if (xph_records_follow(file->data + at, file->data + end, &search->census))
            at = walk_records(search, at, end);
    }
    return end;
}

/* Where the window ends whose records begin at `start` and which says that it ends at `told`. */
static size_t window_end(struct search *search, size_t start, size_t told)
{
    struct xph_trace_file *file = search->file;
    struct window_header next;
    size_t end = told;

    if (!is_bound(file, told) && !is_damaged_header(file, told, &next))
        end = find_end(search, start, told);
    else if (file->trust == XPH_WALK_RECORDS)
        end = find_hidden(search, start, told);
    if (end == file->size && told > file->size)
        file->damage.cut = true;
    else if (end != told)
        xph_finding_add(&file->damage.findings[XPH_DAMAGE_WINDOW], start - WINDOW_HEADER_BYTES);
    return end;
}

/* The windows of the pCPU, which may be new; NULL on error. */
static struct xph_window_list *list_of(struct search *search, uint32_t pcpu, struct xph_error *err)
{
    struct xph_trace_file *file = search->file;

    if (search->by_number[pcpu] != 0)
        return &file->pcpus[search->by_number[pcpu] - 1].list;
    if (file->pcpu_count == search->capacity) {
        size_t capacity = search->capacity ? search->capacity * 2 : FIRST_PCPUS;
        struct xph_pcpu_windows *grown = realloc(file->pcpus, capacity * sizeof(*grown));

        if (!grown) {
            xph_fail(err, "out of memory for %zu CPUs", capacity);
            return NULL;
        }
        file->pcpus = grown;
        search->capacity = capacity;
    }
    file->pcpus[file->pcpu_count] = (struct xph_pcpu_windows){.pcpu = (uint16_t)pcpu};
    search->by_number[pcpu] = (uint16_t)++file->pcpu_count;
    return &file->pcpus[file->pcpu_count - 1].list;
}

static bool add_window(struct search *search, uint32_t pcpu, struct xph_trace_window window,
                       struct xph_error *err)
{
    struct xph_window_list *list;

    if (window.size == 0)
        return true;
    list = list_of(search, pcpu, err);
    return list && (xph_window_list_add(list, window) ||
                    xph_fail(err, "out of memory for the windows of CPU %u", pcpu));
}

/* Takes what stands at `offset`; sets it to where the next window is to be looked for. */
static bool take_window(struct search *search, size_t *offset, struct xph_error *err)
{
    struct xph_trace_file *file = search->file;
    size_t start = *offset + WINDOW_HEADER_BYTES, end;
    struct window_header header;

    if (read_header(file, *offset, &header) && is_header(&header)) {
        end = window_end(search, start, start + header.size);
        *offset = end;
        return add_window(search, header.pcpu, (struct xph_trace_window){start, end - start}, err);
    }
    if (is_damaged_header(file, *offset, &header)) {
        xph_finding_add(&file->damage.findings[XPH_DAMAGE_WINDOW], *offset);
        end = start + header.size;
        if (header.pcpu >= XPH_MAX_PCPUS)
            xph_damage_skip(&file->damage, *offset, end - *offset);
        *offset = end;
        return header.pcpu >= XPH_MAX_PCPUS ||
               add_window(search, header.pcpu, (struct xph_trace_window){start, end - start}, err);
    }
    end = find_chained(search, *offset);
    file->damage.cut |= end == file->size;
    xph_damage_skip(&file->damage, *offset, end - *offset);
    *offset = end;
    return true;
}

static bool find_windows(struct search *search, struct xph_error *err)
{
    const struct xph_trace_file *file = search->file;
    size_t offset = 0;

    while (offset < file->size) {
        if (!take_window(search, &offset, err))
            return false;
        pass(search, offset);
    }
    return true;
}

static int compare_pcpus(const void *a, const void *b)
{
    return (int)((const struct xph_pcpu_windows *)a)->pcpu -
           (int)((const struct xph_pcpu_windows *)b)->pcpu;
}

static bool open_file(struct xph_trace_file *file, struct xph_error *err)
{
    struct search search = {.file = file, .searched_from = 1};
    bool ok;

    if (!xph_event_census_open(&search.census, err))
        return false;
    search.by_number = calloc(XPH_MAX_PCPUS, sizeof(*search.by_number));
    ok = search.by_number || xph_fail(err, "out of memory");
    ok = ok && find_windows(&search, err);
    if (ok && file->pcpu_count > 0)
        qsort(file->pcpus, file->pcpu_count, sizeof(*file->pcpus), compare_pcpus);
    free(search.by_number);
    xph_event_census_close(&search.census);
    if (!ok)
        xph_trace_file_close(file);
    return ok;
}

bool xph_trace_file_open(struct xph_trace_file *file, const uint8_t *data, size_t size,
                         enum xph_window_trust trust, struct xph_error *err)
{
    *file = (struct xph_trace_file){.data = data, .size = size, .trust = trust};
    return open_file(file, err);
}

bool xph_trace_file_open_mapped(struct xph_trace_file *file, const struct xph_mapped_file *mapping,
                                enum xph_window_trust trust, struct xph_error *err)
{
    *file = (struct xph_trace_file){
        .data = mapping->data, .size = mapping->size, .mapping = mapping, .trust = trust};
    return open_file(file, err);
}

void xph_trace_file_close(struct xph_trace_file *file)
{
    for (size_t i = 0; i < file->pcpu_count; i++)
        xph_window_list_free(&file->pcpus[i].list);
    free(file->pcpus);
    *file = (struct xph_trace_file){0};
}
