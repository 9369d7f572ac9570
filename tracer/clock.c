#include "tracer/clock.h"

enum { TRIES = 5 };

struct xph_instant clock_instant_once(uint64_t *error_cycles)
{
    uint64_t before = clock_tsc();
    uint64_t now = clock_monotonic_ns();
    uint64_t width = clock_tsc() - before;

    *error_cycles = width - width / 2;
    return (struct xph_instant){before + width / 2, now};
}

struct xph_instant clock_instant(void)
{
    struct xph_instant best = {0, 0};
    uint64_t best_error = UINT64_MAX, error;

    for (int i = 0; i < TRIES; i++) {
        struct xph_instant instant = clock_instant_once(&error);

        if (error < best_error) {
            best_error = error;
            best = instant;
        }
    }
    return best;
}
