#include "analyzer/decode/window_list.h"

#include <stdlib.h>

#include "analyzer/decode/coded_number.h"

enum { FIRST_CAPACITY = 64, MAX_CODED = 2 * XPH_CODED_NUMBER_BYTES };

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
    list->coded_size +=
        xph_coded_number_put(list->coded + list->coded_size, window.offset - list->end);
    list->coded_size += xph_coded_number_put(list->coded + list->coded_size, window.size);
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

bool xph_window_walk_next(struct xph_window_walk *walk, struct xph_trace_window *window)
{
    if (walk->at == walk->list->coded_size)
        return false;
    window->offset = walk->end + xph_coded_number_get(walk->list->coded, &walk->at);
    window->size = xph_coded_number_get(walk->list->coded, &walk->at);
    walk->end = window->offset + window->size;
    return true;
}
