/*
 * A file in xentrace(8)'s format, sorted by pCPU: a sequence of windows, each a CPU_CHANGE record
 * (pCPU, size in bytes) and that many bytes of one pCPU's records. Within a pCPU the file's order
 * is the order in time; between pCPUs there is no order. What cannot be a window is skipped up to
 * the next thing that can, and counted.
 */
#ifndef XPH_ANALYZER_DECODE_TRACE_FILE_H
#define XPH_ANALYZER_DECODE_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/record.h"
#include "recording/error.h"

enum { XPH_MAX_PCPUS = 16384 };

struct xph_trace_window {
    uint64_t offset; /* of the first record */
    uint32_t size;   /* bytes of records that are in the file */
};

/* All windows of a pCPU in the file's order. */
struct xph_pcpu_windows {
    uint16_t pcpu;
    size_t count, capacity;
    struct xph_trace_window *windows;
};

/* What was wrong with a file. */
struct xph_trace_damage {
    uint64_t skipped_bytes;  /* bytes that belong to no window or no record */
    uint64_t first_offset;   /* where the first of them is, valid if skipped_bytes > 0 */
    uint64_t records_broken; /* records that do not fit into their window */
    bool cut;                /* the file ends within a window */
};

struct xph_trace_file {
    const uint8_t *data; /* the caller's, must outlive this */
    size_t size;
    size_t pcpu_count;
    struct xph_pcpu_windows *pcpus; /* ascending by pCPU */
    struct xph_trace_damage damage;
};

/* Finds the windows. False only without memory. */
bool xph_trace_file_open(struct xph_trace_file *file, const uint8_t *data, size_t size,
                         struct xph_error *err);
void xph_trace_file_close(struct xph_trace_file *file);

/* Counts `bytes` at `offset` as damage. */
void xph_trace_damage_add(struct xph_trace_damage *damage, uint64_t offset, uint64_t bytes);

/* Walks one pCPU's records in order. */
struct xph_pcpu_cursor {
    const struct xph_trace_file *file;
    const struct xph_pcpu_windows *pcpu;
    size_t window;     /* index of the current one */
    size_t at;         /* offset in it */
    uint64_t last_tsc; /* of the last timed record; before the first one, that one's */
};

void xph_pcpu_cursor_open(struct xph_pcpu_cursor *cursor, const struct xph_trace_file *file,
                          const struct xph_pcpu_windows *pcpu);

/*
 * The next record but fillers (WRAP_BUFFER); false at the end. A record that does not fit into its
 * window ends that window, which is counted in `damage`.
 */
bool xph_pcpu_cursor_next(struct xph_pcpu_cursor *cursor, struct xph_record *record,
                          struct xph_trace_damage *damage);

#endif
