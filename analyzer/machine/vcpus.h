/*
 * The vCPUs of a trace: found by domain and number, in the order of their first record.
 */
#ifndef XPH_ANALYZER_MACHINE_VCPUS_H
#define XPH_ANALYZER_MACHINE_VCPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/error.h"

enum { XPH_IDLE_DOMID = 32767 };

/* Stands for no vCPU, or an unknown one, where others are domid << 16 | number. */
#define XPH_NO_VCPU UINT32_MAX

/* Xen's run states (public/vcpu.h), and one for what a lost record hides. */
enum xph_runstate {
    XPH_RUNNING,
    XPH_RUNNABLE,
    XPH_BLOCKED,
    XPH_OFFLINE,
    XPH_LOST,
    XPH_RUNSTATES,
};

/* What is known of a vCPU. */
struct xph_vcpu {
    uint16_t domid, vcpu;
    uint16_t pcpu;    /* where it runs, or ran last */
    uint16_t told_on; /* the pCPU of its last record, which may be another one's that woke it */
    bool told;        /* since_tsc is that record's */
    bool ran;         /* was seen to begin to run: its states are followed from there on */
    bool in_domain;   /* its domain was not removed since its last record */
    enum xph_runstate state;
    uint32_t losses_known;   /* so many of the machine's losses are in its state */
    uint32_t next_in_domain; /* position + 1 of another vCPU of the domain */
    uint64_t since_tsc, since_ns;
    uint64_t cycles[XPH_RUNSTATES]; /* from its first run to its last run state record, or, where it
                                      runs at the end, to its pCPU's last record; by state */
    uint64_t intervals[XPH_RUNSTATES]; /* how many made up these; a CONTINUE_RUNNING record begins a
                                          new one */
};

struct xph_vcpus {
    struct xph_vcpu *list; /* owned */
    size_t count, capacity;
    uint32_t *index; /* hash of (domid, vcpu) to position + 1; owned */
    size_t index_size;
    uint32_t *domains; /* by domid: position + 1 of the first vCPU that is in it; owned */
};

/* More than any host has: a damaged trace must not take all memory. */
enum { XPH_MAX_VCPUS = 1 << 18 };

bool xph_vcpus_open(struct xph_vcpus *vcpus, struct xph_error *err);
void xph_vcpus_close(struct xph_vcpus *vcpus);

/*
 * The vCPU, made if it is new (*is_new), and put back into its domain. NULL on error, and with an
 * err->errnum of 0 where there are XPH_MAX_VCPUS already. A later call may move all vCPUs.
 */
struct xph_vcpu *xph_vcpus_find(struct xph_vcpus *vcpus, uint16_t domid, uint16_t vcpu,
                                bool *is_new, struct xph_error *err);

/* Its position in the list + 1; 0 if it is not known. */
uint32_t xph_vcpus_position(const struct xph_vcpus *vcpus, uint16_t domid, uint16_t vcpu);

/* Takes a vCPU out of the domain, which is being removed; NULL if none is left in it. */
struct xph_vcpu *xph_vcpus_take_from_domain(struct xph_vcpus *vcpus, uint16_t domid);

/* Can a vCPU have these numbers? Domains from 0x7ff0 on are Xen's own and have none, but for the
 * idle domain, which has one for each pCPU (Xen: public/xen.h, asm-x86/domain.h). */
bool xph_vcpu_is_possible(uint16_t domid, uint16_t vcpu);

#endif
