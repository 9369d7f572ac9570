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

/* How many words of the record argument 0 to 5 takes, low first; 0: it is not recorded. */
static inline unsigned xph_hypercall_argument_words(uint32_t first_word, unsigned argument)
{
    unsigned words = first_word >> (20 + 2 * argument) & 3;

    return words == 3 ? 0 : words;
}

/* What an argument is, of those that Xen records (common/trace.c, __trace_hypercall()). */
struct xph_hypercall_argument {
    const char *name;         /* "cmd", "count", ..., or "a0" to "a5" where it is not known */
    const char *const *names; /* of its values; NULL: it is a number */
    uint32_t name_count;
    uint32_t preempted_bit; /* set where an earlier call goes on, no part of the value; or 0 */
};

struct xph_hypercall_argument xph_hypercall_argument(uint32_t op, unsigned argument);

#endif
