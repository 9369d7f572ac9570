#include "tracer/kernel_buffer_size.h"

#include <unistd.h>

uint32_t kernel_buffer_kib(uint64_t memory_kib, unsigned cpus)
{
    uint64_t share = memory_kib / KERNEL_BUFFER_MEMORY_SHARE / (cpus > 0 ? cpus : 1);

    if (share > KERNEL_BUFFER_KIB)
        return KERNEL_BUFFER_KIB;
    return share < KERNEL_BUFFER_SMALLEST_KIB ? KERNEL_BUFFER_SMALLEST_KIB : (uint32_t)share;
}

uint32_t kernel_buffer_kib_here(void)
{
    uint64_t page_kib = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;

    return kernel_buffer_kib((uint64_t)sysconf(_SC_PHYS_PAGES) * page_kib,
                             (unsigned)sysconf(_SC_NPROCESSORS_CONF));
}
