/*
 * Hypercalls by number (Xen: public/xen.h), and how the trace packs one.
 */
#ifndef XPH_ANALYZER_DECODE_HYPERCALLS_H
#define XPH_ANALYZER_DECODE_HYPERCALLS_H

#include <stdint.h>

enum { XPH_HYPERCALLS = 64, XPH_HYPERCALL_ARGUMENTS = 6 };

/* NULL for a number that Xen does not use. */
const char *xph_hypercall_name(uint32_t op);

/* The number in the first word of HYPERCALL_V2 and HYPERCALL_SUBCALL. */
static inline uint32_t xph_hypercall_op(uint32_t first_word)
{
    return first_word & 0xfffff;
}

/* How many words a record has that begins with this one: two bits for each argument, 1 for one of
 * 32 bits and 2 for one of 64; 0 if that cannot be. */
static inline unsigned xph_hypercall_words(uint32_t first_word)
{
    uint32_t words = first_word >> 20, pairs = (words & 0x333) + (words >> 2 & 0x333);

    return words & words >> 1 & 0x555 ? 0 : 1 + ((pairs + (pairs >> 4) + (pairs >> 8)) & 15);
}

#endif
