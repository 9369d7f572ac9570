#include "analyzer/decode/event_shape.h"

#include <stddef.h>

/* A set of shapes: timed or untimed records of so many words. */
#define TIMED(words)   (1u << (8 + (words)))
#define UNTIMED(words) (1u << (words))
enum { ANY_TIMED = 0xff00, ANY_UNTIMED = 0x00ff, ANY = 0xffff };

struct row {
    uint32_t mask, value; /* events that are `value` in the bits of `mask` */
    uint16_t shapes;
    uint8_t kind;
};

enum { ALL = 0x0fffffff };

/*
 * Xen 4.14 to 4.22 agree in these (public/trace.h and the places that emit them; the words of
 * memory events are those of both layouts). The first row that fits counts.
 */
/* clang-format off */
static const struct row rows[] = {
    {ALL, 0x0001f001, TIMED(4), XPH_KIND_LOST},
    {ALL, 0x0001f002, ANY, XPH_KIND_FILLER},
    {ALL, 0x0001f003, 0, XPH_KIND_WINDOW}, /* between records only */

    /* Run states are 0 to 3 each: with others, no shape is right. */
    {0x0ffffccf, 0x00021001, TIMED(1), XPH_KIND_RUNSTATE},
    {0x0ffff00f, 0x00021001, 0, XPH_KIND_OTHER},
    {ALL, 0x00021002, TIMED(1), XPH_KIND_CONTINUE},
    {ALL, 0x00028001, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00028002, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00028003, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00028004, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00028005, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00028006, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00028007, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00028009, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x0002800a, TIMED(4), XPH_KIND_OTHER},
    {ALL, 0x0002800e, TIMED(3), XPH_KIND_RAN},
    {ALL, 0x0002800f, TIMED(4), XPH_KIND_OTHER},
    {ALL, 0x00028010, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00028011, TIMED(4), XPH_KIND_OTHER},
    /* credit2, on Debian's Xens 4.17 and 4.20 */
    {ALL, 0x00022202, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00022203, TIMED(4), XPH_KIND_OTHER},
    {ALL, 0x00022205, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00022206, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00022207, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00022208, TIMED(0), XPH_KIND_OTHER},
    {ALL, 0x00022209, TIMED(0), XPH_KIND_OTHER},
    {ALL, 0x0002220a, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x0002220b, TIMED(4), XPH_KIND_OTHER},
    {ALL, 0x0002220c, TIMED(6), XPH_KIND_OTHER},
    {ALL, 0x0002220d, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x0002220e, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00022213, TIMED(4), XPH_KIND_OTHER},
    {ALL, 0x00022214, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00022215, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00022216, TIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00022217, TIMED(1), XPH_KIND_OTHER},

    {ALL, 0x00041001, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00041002, TIMED(1), XPH_KIND_DOM_REM},

    /* 0x100: with an address of 64 bits; 0x400: of a guest's own guest, only counted */
    {ALL, 0x00081001, TIMED(0), XPH_KIND_VMENTRY},
    {ALL, 0x00081002, TIMED(2), XPH_KIND_VMEXIT},
    {ALL, 0x00081102, TIMED(3), XPH_KIND_VMEXIT},
    {ALL, 0x00081003, TIMED(2), XPH_KIND_VMEXIT},
    {ALL, 0x00081103, TIMED(3), XPH_KIND_VMEXIT},
    {ALL, 0x00081401, TIMED(0), XPH_KIND_OTHER},
    {0x0ffffffe, 0x00081402, TIMED(2), XPH_KIND_OTHER},
    {0x0ffffffe, 0x00081502, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00082003, UNTIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00082004, UNTIMED(2), XPH_KIND_OTHER},
    {ALL, 0x0008200b, UNTIMED(0), XPH_KIND_OTHER},
    {ALL, 0x0008200c, UNTIMED(3), XPH_KIND_OTHER},
    {ALL, 0x0008200d, UNTIMED(3), XPH_KIND_OTHER},
    {ALL, 0x0008200e, UNTIMED(5) | UNTIMED(6), XPH_KIND_OTHER},
    {ALL, 0x0008200f, UNTIMED(0) | UNTIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00082012, UNTIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00082013, UNTIMED(1), XPH_KIND_OTHER},
    {ALL, 0x00082016, UNTIMED(1) | UNTIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00082216, UNTIMED(1) | UNTIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00082017, UNTIMED(1) | UNTIMED(2), XPH_KIND_OTHER},
    {ALL, 0x0008201a, UNTIMED(2), XPH_KIND_OTHER},
    {ALL, 0x00082020, UNTIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00082021, UNTIMED(6), XPH_KIND_OTHER},
    {ALL, 0x00082108, UNTIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00082109, UNTIMED(3), XPH_KIND_OTHER},
    {0x0ffff000, 0x00082000, ANY_UNTIMED, XPH_KIND_OTHER},
    {0x0ffff000, 0x00084000, ANY_TIMED, XPH_KIND_OTHER},

    {ALL, 0x0010f001, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x0010f002, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x0010f003, TIMED(1), XPH_KIND_OTHER},
    {ALL, 0x0010f004, UNTIMED(6), XPH_KIND_OTHER},
    {ALL, 0x0010f005, UNTIMED(4), XPH_KIND_OTHER},
    {ALL, 0x0010f010, UNTIMED(6), XPH_KIND_OTHER},
    {ALL, 0x0010f011, UNTIMED(6), XPH_KIND_OTHER},
    {ALL, 0x0010f012, UNTIMED(3) | UNTIMED(4), XPH_KIND_OTHER},

    {ALL, 0x0020100d, ANY_TIMED & ~TIMED(0), XPH_KIND_HYPERCALL},
    {ALL, 0x00201008, TIMED(0), XPH_KIND_PV_ENTRY},
    {ALL, 0x00201103, TIMED(3), XPH_KIND_PV_ENTRY},
    {ALL, 0x00201104, TIMED(5), XPH_KIND_PV_ENTRY},
    {ALL, 0x00201105, TIMED(2), XPH_KIND_PV_ENTRY},
    {ALL, 0x00201106, TIMED(2), XPH_KIND_PV_ENTRY},
    {ALL, 0x0020110b, TIMED(6), XPH_KIND_PV_ENTRY},
    {0x0ffffee0, 0x00201000, ANY_TIMED, XPH_KIND_PV_ENTRY},
    {ALL, 0x0020200e, ANY_TIMED & ~TIMED(0), XPH_KIND_SUBCALL},

    {ALL, 0x00802002, TIMED(3), XPH_KIND_OTHER},
    {ALL, 0x00802006, TIMED(7), XPH_KIND_OTHER},
    {ALL, 0x00802008, TIMED(3), XPH_KIND_OTHER},
    {0x0ffff000, 0x0800f000, ANY_UNTIMED, XPH_KIND_OTHER}, /* by a guest */
};

/* Events that are in no row above: of a newer Xen, or of another scheduler. */
static const struct row classes[] = {
    {0x0fff0000, 0x00020000, ANY_TIMED, XPH_KIND_OTHER},
    {0x0fff0000, 0x00040000, ANY_TIMED, XPH_KIND_OTHER},
    {0x0fff0000, 0x00080000, ANY, XPH_KIND_OTHER},
    {0x0fff0000, 0x00100000, ANY, XPH_KIND_OTHER},
    {0x0fff0000, 0x00200000, ANY_TIMED, XPH_KIND_OTHER},
    {0x0fff0000, 0x00400000, ANY, XPH_KIND_OTHER},
    {0x0fff0000, 0x00800000, ANY_TIMED, XPH_KIND_OTHER},
};
/* clang-format on */

static const struct row *find(const struct row *table, size_t count, uint32_t event)
{
    for (size_t i = 0; i < count; i++) {
        if ((event & table[i].mask) == table[i].value)
            return &table[i];
    }
    return NULL;
}

struct xph_event_shape xph_event_shape(uint32_t event)
{
    const uint32_t class_bits = event >> 16;
    const struct row *row, *class;

    /* Each row has one class. What is no record at all, which is asked for at each word of what is
     * broken, seldom looks so. */
    if (class_bits == 0 || (class_bits & (class_bits - 1)) != 0)
        return (struct xph_event_shape){0, XPH_KIND_IMPOSSIBLE, false};
    row = find(rows, sizeof(rows) / sizeof(rows[0]), event);
    class = find(classes, sizeof(classes) / sizeof(classes[0]), event);
    if (row)
        return (struct xph_event_shape){row->shapes, row->kind, true};
    if (class)
        return (struct xph_event_shape){class->shapes, class->kind, false};
    return (struct xph_event_shape){0, XPH_KIND_IMPOSSIBLE, false};
}
