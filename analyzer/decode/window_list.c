#include "analyzer/decode/window_list.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64, MAX_CODED = 2 * 10 /* two numbers of 64 bits */ };

static size_t put(uint8_t *coded, uint64_t number)
{
    size_t size = 0;

    for (; number > 0x7f; number >>= 7)
        coded[size++] = (uint8_t)(number | 0x80);
    coded[size++] = (uint8_t)number;
    return size;
}

bool xph_window_list_add(struct xph_window_list *list, struct xph_trace_window window)
{
    if (list->coded_size + MAX_CODED > list->coded_capacity) {
        size_t capacity = list->coded_capacity ? list->coded_capacity * 2 : FIRST_CAPACITY;
        uint8_t *grown = realloc(list->coded, capacity);

        if (!grown)
            return false;
        list->coded = grown;
        list->coded_capacity = capacity;
    }
    list->coded_size += put(list->coded + list->coded_size, window.offset - list->end);
    list->coded_size += put(list->coded + list->coded_size, window.size);
    list->end = window.offset + window.size;
    list->bytes += window.size;
    list->count++;
    return true;
}

void xph_window_list_free(struct xph_window_list *list)
{
    free(list->coded);
    *list = (struct xph_window_list){0};
}

static uint64_t get(struct xph_window_walk *walk)
{
    uint64_t number = 0;
    uint8_t byte;

    for (unsigned shift = 0;; shift += 7) {
        byte = walk->list->coded[walk->at++];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
}

bool xph_window_walk_next(struct xph_window_walk *walk, struct xph_trace_window *window)
{
    if (walk->at == walk->list->coded_size)
        return false;
    window->offset = walk->end + get(walk);
    window->size = get(walk);
    walk->end = window->offset + window->size;
    return true;
}
