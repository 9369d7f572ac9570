/*
 * Output in large writes, or into memory. Unlike stdio it lets a view write straight into the
 * buffer, a line at a time, and remembers the first error.
 */
#ifndef XPH_ANALYZER_VIEWS_OUTPUT_H
#define XPH_ANALYZER_VIEWS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "recording/error.h"

enum { XPH_OUTPUT_LINE = 16384 }; /* as much as a view may write after one xph_output_reserve() */

struct xph_output {
    int fd; /* the caller's; -1: the buffer grows */
    char *buffer;
    size_t used, size;
    int errnum; /* of the first write that failed: nothing is written after it; 0: none did */
};

bool xph_output_open(struct xph_output *output, int fd, struct xph_error *err);

/* Output that stays in the buffer; where memory is short, that is its error. */
bool xph_output_open_memory(struct xph_output *output, struct xph_error *err);

/* Writes what there is now; of one in memory, forgets it. */
void xph_output_flush(struct xph_output *output);

/* Writes what is left; false if anything could not be written. Frees the buffer in any case. */
bool xph_output_close(struct xph_output *output, struct xph_error *err);

/* Where the next XPH_OUTPUT_LINE bytes can be put; what was put there ends at `end`, which
 * xph_output_commit() is told. */
char *xph_output_reserve(struct xph_output *output);

static inline void xph_output_commit(struct xph_output *output, const char *end)
{
    output->used = (size_t)(end - output->buffer);
}

#endif
