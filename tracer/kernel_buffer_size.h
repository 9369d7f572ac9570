/*
 * How large the buffers of dom0's kernel events are.
 */
#ifndef XPH_TRACER_KERNEL_BUFFER_SIZE_H
#define XPH_TRACER_KERNEL_BUFFER_SIZE_H

#include <stdint.h>

enum {
    KERNEL_BUFFER_KIB = 4096, /* for each of dom0's CPUs: some 40,000 events between two reads */
    KERNEL_BUFFER_MEMORY_SHARE = 16, /* all of them take at most this part of dom0's memory */
    KERNEL_BUFFER_SMALLEST_KIB = 64, /* whatever that comes to */
};

/* For each of `cpus` CPUs of a dom0 with `memory_kib`. */
uint32_t kernel_buffer_kib(uint64_t memory_kib, unsigned cpus);

/* ... of this machine. */
uint32_t kernel_buffer_kib_here(void);

#endif
