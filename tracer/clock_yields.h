/* Makes the yields by which clock_check.h compares the clocks. */
#ifndef XPH_TRACER_CLOCK_YIELDS_H
#define XPH_TRACER_CLOCK_YIELDS_H

#include <xencall.h>

#include "tracer/clock_check.h"

/* Takes some 10 ms; Xen's tracing must be on, with the scheduler's events. */
void clock_yields_make(struct clock_check *check, xencall_handle *call);

#endif
