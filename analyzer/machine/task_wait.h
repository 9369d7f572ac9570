/*
 * How long a thread of dom0 is not on a CPU, and why it goes on: asleep until it is woken, then
 * ready until it has a CPU.
 */
#ifndef XPH_ANALYZER_MACHINE_TASK_WAIT_H
#define XPH_ANALYZER_MACHINE_TASK_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/kernel/kernel_event.h"

/* A thread of dom0 was not on a CPU for a while. */
struct xph_task_wait {
    uint64_t out_tsc, out_ns;     /* it left its CPU, or was made */
    uint64_t woken_tsc, woken_ns; /* it could run again: at once, if it was preempted or is new */
    uint64_t in_tsc, in_ns;       /* it had a CPU again */
    uint32_t state;               /* as it left: previous_state of the event; 0: it could go on */
    uint32_t waker;               /* the thread that was there when it was woken; its own pid if it
                                     was preempted, and its maker's if it is new */
    uint16_t waker_vcpu;          /* of dom0, where that was */
    uint16_t vcpu;                /* of dom0, where it went on */
    bool interrupt; /* an interrupt woke it, and the waker only happened to be there */
    bool woken;     /* false: who woke it, and when, was not seen (woken_tsc is in_tsc) */
    bool whole;     /* no kernel events were lost meanwhile */
};

/* What is known of a thread's wait, while it waits and before. */
struct xph_task_off_cpu {
    bool waiting;
    struct xph_task_wait wait; /* if waiting: as far as it is known */
    /* Woken after it was last given a CPU: it was about to sleep and went on at once, or it did
     * leave its CPU and was woken while it did. */
    bool woken_early;
    uint32_t early_waker;
    uint16_t early_vcpu;
    bool early_interrupt;
};

/* The thread `pid` leaves its CPU by an event XPH_KERNEL_SWITCH. */
void xph_task_leave(struct xph_task_off_cpu *off_cpu, const struct xph_kernel_event *event,
                    uint64_t tsc, uint64_t ns);
/* It was made by an event XPH_KERNEL_FORK, and is ready. */
void xph_task_begin(struct xph_task_off_cpu *off_cpu, const struct xph_kernel_event *event,
                    uint64_t tsc, uint64_t ns);
/* It is woken by an event XPH_KERNEL_WAKING. */
void xph_task_wake(struct xph_task_off_cpu *off_cpu, const struct xph_kernel_event *event,
                   uint64_t tsc, uint64_t ns);
/* It has the CPU `vcpu`, as an event of `tsc` tells. `lost_tsc`: when kernel events were lost last.
 * False if it was not known to wait; else `off_cpu->wait` is complete. */
bool xph_task_enter(struct xph_task_off_cpu *off_cpu, uint16_t vcpu, uint64_t tsc, uint64_t ns,
                    uint64_t lost_tsc);

#endif
