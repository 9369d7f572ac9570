#include "tracer/clock.h"

enum { TRIES = 5 };

struct xph_instant clock_instant(void)
{
    struct xph_instant best = {0, 0};
    uint64_t best_width = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t before = clock_tsc();
        uint64_t now = clock_monotonic_ns();
        uint64_t width = clock_tsc() - before;

        if (width < best_width) {
            best_width = width;
            best = (struct xph_instant){before + width / 2, now};
        }
    }
    return best;
}
