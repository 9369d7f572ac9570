#include "tracer/buffer_size.h"

#include <inttypes.h>
#include <stdio.h>

enum { KIB_PER_PAGE = 4 };

/* calculate_tbuf_size() of Xen's common/trace.c: where each pCPU's list of pages begins in t_info
 * is a number of 16 bits, counted in 32-bit words, one of which is a page's. It cuts what is asked
 * for without a word. */
uint32_t buffer_size_largest(uint32_t first_offset, unsigned cpu_slots)
{
    uint32_t offsets = first_offset < UINT16_MAX ? UINT16_MAX - first_offset : 0;

    return offsets / (cpu_slots > 1 ? cpu_slots - 1 : 1);
}

bool buffer_size_advice(const struct buffer_size *size, char *text, size_t bytes)
{
    uint32_t in_force_kib = size->in_force * KIB_PER_PAGE, wanted_kib = size->wanted * KIB_PER_PAGE;

    if (size->in_force >= size->wanted)
        return false;
    if (size->in_force >= size->largest)
        snprintf(text, bytes,
                 "trace buffers are %" PRIu32 " KiB for each CPU, not the %" PRIu32
                 " KiB wanted: with so many CPUs Xen has no larger ones (where records are lost, "
                 "choose fewer with --events)",
                 in_force_kib, wanted_kib);
    else
        snprintf(text, bytes,
                 "trace buffers are %" PRIu32 " KiB for each CPU, not the %" PRIu32
                 " KiB wanted: Xen takes a size once for each boot (reboot, or boot Xen with "
                 "tbuf_size=%" PRIu32 "%s)",
                 in_force_kib, wanted_kib,
                 size->wanted < size->largest ? size->wanted : size->largest,
                 size->wanted > size->largest ? ", its largest with so many CPUs" : "");
    return true;
}
