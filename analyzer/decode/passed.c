#include "analyzer/decode/passed.h"

enum { SMALL_BYTES = 128 << 10 }; /* are not given back by themselves */

void xph_passed_to(struct xph_passed *passed, const struct xph_pcpu_cursor *cursor,
                   const uint8_t *at)
{
    const struct xph_trace_file *file = cursor->file;

    if (!file->mapping || !passed->kept_from || at < passed->kept_from ||
        at - passed->kept_from < SMALL_BYTES)
        return;
    xph_mapped_file_forget(file->mapping, (size_t)(passed->kept_from - file->data),
                           (size_t)(at - file->data));
    passed->kept_from = at;
}

void xph_passed_enter(struct xph_passed *passed, const struct xph_pcpu_cursor *cursor,
                      const uint8_t *at)
{
    xph_passed_to(passed, cursor, passed->window_end);
    passed->window_end = cursor->end;
    passed->kept_from = at;
}
