/*
 * A file in xentrace(8)'s format, sorted by pCPU: a sequence of windows, each a CPU_CHANGE record
 * (pCPU, size in bytes) and that many bytes of one pCPU's records. Within a pCPU the file's order
 * is the order in time; between pCPUs there is no order. A window that contradicts what follows it
 * is mended by looking where its records end, and what cannot be a window is skipped up to the next
 * thing that can; both are counted.
 */
#ifndef XPH_ANALYZER_DECODE_TRACE_FILE_H
#define XPH_ANALYZER_DECODE_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/trace_damage.h"
#include "analyzer/decode/window_list.h"
#include "recording/error.h"
#include "recording/files.h"

enum { XPH_MAX_PCPUS = 16384 };

struct xph_pcpu_windows {
    uint16_t pcpu;
    struct xph_window_list list;
};

/*
 * How far the sizes of windows are believed. A size that a flipped bit made too large can end at
 * the bounds of a later window by chance. Only who walks over all records of the window can see
 * that, which costs time; who believes it meets the hidden windows while reading
 * (XPH_DAMAGE_HIDDEN) and can open the file again with XPH_WALK_RECORDS.
 */
enum xph_window_trust { XPH_WALK_RECORDS, XPH_BELIEVE_SIZES };

struct xph_trace_file {
    const uint8_t *data; /* the caller's, must outlive this */
    size_t size;
    const struct xph_mapped_file *mapping; /* that `data` is of, or NULL */
    enum xph_window_trust trust;
    size_t pcpu_count;
    struct xph_pcpu_windows *pcpus; /* ascending by pCPU; owned */
    struct xph_trace_damage damage; /* of the windows; that of records is found while reading */
};

/* Finds the windows in `data`. False only without memory. */
bool xph_trace_file_open(struct xph_trace_file *file, const uint8_t *data, size_t size,
                         enum xph_window_trust trust, struct xph_error *err);

/* The same of a mapped file, which does not stay in memory as a whole then. */
bool xph_trace_file_open_mapped(struct xph_trace_file *file, const struct xph_mapped_file *mapping,
                                enum xph_window_trust trust, struct xph_error *err);
void xph_trace_file_close(struct xph_trace_file *file);

#endif
