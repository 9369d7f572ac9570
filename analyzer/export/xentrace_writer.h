/*
 * Writes a file in xentrace(8)'s format: windows of one pCPU's records each, a CPU_CHANGE record
 * before each of them (Xen: tools/xentrace/xentrace.c), in rounds over the pCPUs as xentrace makes
 * them.
 */
#ifndef XPH_ANALYZER_EXPORT_XENTRACE_WRITER_H
#define XPH_ANALYZER_EXPORT_XENTRACE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decode/record.h"
#include "recording/error.h"

struct xph_xentrace_writer {
    int fd; /* the caller's */
    struct xph_xentrace_window {
        uint8_t *data; /* NULL: nothing was written for this pCPU yet */
        size_t size;
    } * windows;       /* by pCPU, the current round's; owned */
    uint32_t pcpu_end; /* above the last pCPU that has records */
};

bool xph_xentrace_writer_open(struct xph_xentrace_writer *writer, int fd, struct xph_error *err);

/* Appends a record to those of its pCPU, which must come in their order. */
bool xph_xentrace_writer_add(struct xph_xentrace_writer *writer, const struct xph_record *record,
                             struct xph_error *err);

/* Writes what is left. */
bool xph_xentrace_writer_flush(struct xph_xentrace_writer *writer, struct xph_error *err);
void xph_xentrace_writer_close(struct xph_xentrace_writer *writer);

#endif
