/*
 * Where a pCPU's windows are in a file, in the file's order. A long trace has very many, so each is
 * kept in a few bytes: the distance from the end of the one before, and its size.
 */
#ifndef XPH_ANALYZER_DECODE_WINDOW_LIST_H
#define XPH_ANALYZER_DECODE_WINDOW_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A window's records. */
struct xph_trace_window {
    uint64_t offset; /* of the first one */
    uint64_t size;   /* bytes that are in the file */
};

struct xph_window_list {
    uint64_t count, bytes; /* of windows, and of all their records */
    uint64_t end;          /* of the last window */
    uint8_t *coded;        /* numbers of seven bits a byte, the lowest first; owned */
    size_t coded_size, coded_capacity;
};

/* Adds a window that lies after all others; false without memory. */
bool xph_window_list_add(struct xph_window_list *list, struct xph_trace_window window);
void xph_window_list_free(struct xph_window_list *list);

/* A walk over the windows; begins as {.list = &list}. */
struct xph_window_walk {
    const struct xph_window_list *list;
    size_t at;
    uint64_t end; /* of the window passed last */
};

/* The next window; false at the end. */
bool xph_window_walk_next(struct xph_window_walk *walk, struct xph_trace_window *window);

#endif
