/*
 * What of a mapped trace was read and need not stay in memory. A pCPU's window may be as large as
 * its trace buffer, and all pCPUs' are read at once: so each one's is given back as far as it was
 * passed. Small windows are given back together, by who knows where all pCPUs are.
 */
#ifndef XPH_ANALYZER_DECODE_PASSED_H
#define XPH_ANALYZER_DECODE_PASSED_H

#include "analyzer/decode/pcpu_cursor.h"

struct xph_passed {
    const uint8_t *window_end; /* of the window that the pCPU's cursor is in */
    const uint8_t *kept_from;  /* what that window has before this is not in memory */
};

/* Is the cursor in another window than the one that is known? */
static inline bool xph_passed_window(const struct xph_passed *passed,
                                     const struct xph_pcpu_cursor *cursor)
{
    return cursor->end != passed->window_end;
}

/* The cursor is in another window, where it has come to `at`: gives back the rest of the one
 * before. */
void xph_passed_enter(struct xph_passed *passed, const struct xph_pcpu_cursor *cursor,
                      const uint8_t *at);

/* The cursor has come to `at` in its window. */
void xph_passed_to(struct xph_passed *passed, const struct xph_pcpu_cursor *cursor,
                   const uint8_t *at);

#endif
