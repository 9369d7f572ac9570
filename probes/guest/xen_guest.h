/*
 * Does this machine run on Xen, and how can a process that has no privilege be seen by it?
 */
#ifndef XPH_PROBES_GUEST_XEN_GUEST_H
#define XPH_PROBES_GUEST_XEN_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xen_guest {
    NO_XEN_GUEST,
    XEN_GUEST_HVM, /* HVM or PVH: every CPUID exits to Xen */
    XEN_GUEST_PV,  /* only a forced-emulation CPUID is seen by Xen */
};

enum xen_guest xen_guest_detect(void);

/* The leaf's registers EAX to EDX; exits to Xen in HVM and PVH guests. */
void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]);

/*
 * In a PV guest: calls the stubs that stand for `count` bytes of a frame with this tag, the first
 * of which may begin it. False where the CPU refused the instruction.
 */
bool stubs_send(unsigned tag, bool begins, const uint8_t *bytes, size_t count);

#endif
