#include "tracer/clock_yields.h"

#include <time.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include "tracer/clock.h"

enum {
    PAUSE_NS = 100000, /* and up to 7 times as much, so that only the right match fits */
    PAUSE_STEPS = 7,
};

void clock_yields_make(struct clock_check *check, xencall_handle *call)
{
    check->count = 0;
    for (unsigned i = 0; i < CLOCK_CHECK_YIELDS; i++) {
        /* The squares modulo 7 are irregular enough. */
        struct timespec pause = {0, PAUSE_NS * (long)(1 + i * i % PAUSE_STEPS)};
        uint64_t before;

        nanosleep(&pause, NULL);
        before = clock_tsc();
        if (xencall2(call, __HYPERVISOR_sched_op, SCHEDOP_yield, 0) != 0)
            continue;
        check->yields[check->count].before = before;
        check->yields[check->count++].after = clock_tsc();
    }
}
