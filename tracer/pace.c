#include "tracer/pace.h"

enum {
    LOOK_EVERY = 16,  /* times: soon, as the first of them are in the measurement too */
    COST_LIMIT = 200, /* a period is at least so many times as long as what it is for takes */
    LOWEST_HZ = 25,   /* when a guest is idle and how its memory changes must still be seen */
    KEPT_OF_COST = 2, /* of 3 parts, so that one disturbed look does not change much */
};

void pace_begin(struct pace *pace, unsigned hz, bool limited)
{
    *pace = (struct pace){.period_ns = UINT64_C(1000000000) / hz,
                          .shortest_ns = UINT64_C(1000000000) / hz,
                          .longest_ns =
                              UINT64_C(1000000000) / (limited && hz > LOWEST_HZ ? LOWEST_HZ : hz)};
}

bool pace_wants_cpu_time(const struct pace *pace)
{
    return pace->longest_ns > pace->shortest_ns && pace->counted + 1 == LOOK_EVERY;
}

bool pace_count(struct pace *pace, uint64_t cpu_ns)
{
    uint64_t cost;

    if (!pace_wants_cpu_time(pace)) {
        pace->counted++;
        return false;
    }
    cost = (cpu_ns - pace->counted_cpu_ns) / LOOK_EVERY;
    pace->cost_ns =
        pace->cost_ns == 0 ? cost : (pace->cost_ns * KEPT_OF_COST + cost) / (KEPT_OF_COST + 1);
    pace->counted = 0;
    pace->counted_cpu_ns = cpu_ns;
    pace->period_ns = pace->cost_ns * COST_LIMIT;
    if (pace->period_ns < pace->shortest_ns)
        pace->period_ns = pace->shortest_ns;
    if (pace->period_ns > pace->longest_ns)
        pace->period_ns = pace->longest_ns;
    return true;
}
