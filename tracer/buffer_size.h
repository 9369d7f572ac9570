/*
 * How large Xen's trace buffers are, can be and should be.
 */
#ifndef XPH_TRACER_BUFFER_SIZE_H
#define XPH_TRACER_BUFFER_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In pages for each pCPU. */
struct buffer_size {
    uint32_t wanted;
    uint32_t in_force; /* until Xen's next boot */
    uint32_t largest;  /* that this Xen has, however much is asked for */
};

/* The largest buffers on a host with pCPUs up to number cpu_slots - 1, where the list of the first
 * one's pages is at `first_offset` of Xen's t_info. */
uint32_t buffer_size_largest(uint32_t first_offset, unsigned cpu_slots);

/* What to say, and what helps, where the buffers are smaller than wanted; false where they are not.
 */
bool buffer_size_advice(const struct buffer_size *size, char *text, size_t bytes);

#endif
