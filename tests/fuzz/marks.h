/* What is done with marks of guests, wherever they came from. */
#ifndef XPH_TESTS_FUZZ_MARKS_H
#define XPH_TESTS_FUZZ_MARKS_H

#include <stdio.h>

#include "analyzer/guest/marks.h"

/* Finishes, prints and closes them, as `xenphase marks` does. */
void fuzz_marks(struct xph_guest_marks *marks, FILE *out);

#endif
