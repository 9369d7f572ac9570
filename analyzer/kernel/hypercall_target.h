/*
 * What an ioctl of privcmd asks of Xen, and for which domain. The numbers of commands are those of
 * Xen's public headers (domctl.h, sysctl.h, memory.h, ...), from 4.14 to 4.20.
 */
#ifndef XPH_ANALYZER_KERNEL_HYPERCALL_TARGET_H
#define XPH_ANALYZER_KERNEL_HYPERCALL_TARGET_H

#include <stddef.h>

#include "analyzer/kernel/kernel_event.h"

enum {
    XPH_NO_DOMAIN = 0xffff, /* none is named, or it is not known which */
    XPH_NO_COMMAND = 0xffff,
    XPH_HYPERCALL_MEMORY_OP = 12,
    XPH_HYPERCALL_MULTICALL = 13,
    XPH_HYPERCALL_SYSCTL = 35,
    XPH_HYPERCALL_DOMCTL = 36,
    XPH_HYPERCALL_DM_OP = 41,
    XPH_DOMCTL_CREATEDOMAIN = 1,
    XPH_DOMCTL_SHADOW_OP = 10,
};

struct xph_hypercall_target {
    uint16_t command; /* enum xph_privcmd */
    uint16_t domid;   /* or XPH_NO_DOMAIN */
    uint16_t op;      /* of a hypercall, and of what dm_op does; of a multicall its first entry's */
    uint16_t sub;     /* or XPH_NO_COMMAND */
    uint16_t detail;  /* the operation within shadow_op, or XPH_NO_COMMAND */
    uint16_t traced_op; /* the one in Xen's record, which for a multicall is the multicall's */
    uint32_t pages;     /* of a mmap or mmap_batch */
};

/* Of an event XPH_KERNEL_PRIVCMD. */
void xph_hypercall_target(const struct xph_kernel_event *event,
                          struct xph_hypercall_target *target);

/* NULL for one that is not known. */
const char *xph_sub_command_name(uint32_t op, uint32_t sub);

/* As "domctl getdomaininfo" or "mmap_batch"; `text` is always terminated. */
void xph_hypercall_target_text(const struct xph_hypercall_target *target, char *text, size_t size);

#endif
