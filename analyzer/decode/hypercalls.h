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

#endif
