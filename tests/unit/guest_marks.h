/* Guests' marks as each test of them begins: with none. */
#ifndef XPH_TESTS_UNIT_GUEST_MARKS_H
#define XPH_TESTS_UNIT_GUEST_MARKS_H

#include "analyzer/guest/marks.h"

static struct xph_guest_marks marks;
static struct xph_error err;

static int open_marks(void **state)
{
    (void)state;
    return xph_guest_marks_open(&marks, &err) ? 0 : -1;
}

static int close_marks(void **state)
{
    (void)state;
    xph_guest_marks_close(&marks);
    return 0;
}

#endif
