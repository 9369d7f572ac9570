#include "analyzer/timeline/losses.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

static void list_loss(struct xph_losses *losses, const struct xph_loss *loss)
{
    if (losses->count == losses->capacity) {
        size_t capacity = losses->capacity ? losses->capacity * 2 : FIRST_CAPACITY;
        struct xph_loss *grown =
            capacity > XPH_LISTED_LOSSES ? NULL : realloc(losses->list, capacity * sizeof(*grown));

        if (!grown)
            return;
        losses->list = grown;
        losses->capacity = capacity;
    }
    losses->list[losses->count++] = *loss;
}

void xph_losses_add(struct xph_losses *losses, struct xph_loss loss)
{
    losses->records += loss.records;
    losses->gaps++;
    if (loss.end_tsc - loss.start_tsc > losses->longest_cycles)
        losses->longest_cycles = loss.end_tsc - loss.start_tsc;
    list_loss(losses, &loss);
}

void xph_losses_join(struct xph_losses *losses, const struct xph_losses *from)
{
    losses->records += from->records;
    losses->gaps += from->gaps;
    if (from->longest_cycles > losses->longest_cycles)
        losses->longest_cycles = from->longest_cycles;
    for (size_t i = 0; i < from->count; i++)
        list_loss(losses, &from->list[i]);
}

void xph_losses_free(struct xph_losses *losses)
{
    free(losses->list);
    *losses = (struct xph_losses){0};
}
