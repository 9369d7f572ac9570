#include "analyzer/machine/task_wait.h"

static void set_woken(struct xph_task_wait *wait, uint64_t tsc, uint64_t ns, uint32_t waker,
                      uint16_t vcpu, bool interrupt)
{
    wait->woken = true;
    wait->woken_tsc = tsc;
    wait->woken_ns = ns;
    wait->waker = waker;
    wait->waker_vcpu = vcpu;
    wait->interrupt = interrupt;
}

void xph_task_leave(struct xph_task_off_cpu *off_cpu, const struct xph_kernel_event *event,
                    uint64_t tsc, uint64_t ns)
{
    uint32_t state = event->schedule.previous_state;

    off_cpu->waiting = true;
    off_cpu->wait = (struct xph_task_wait){.out_tsc = tsc, .out_ns = ns, .state = state};
    if (state == 0 || state == XPH_KERNEL_PREEMPTED)
        set_woken(&off_cpu->wait, tsc, ns, event->schedule.previous_pid, event->cpu, false);
}

void xph_task_begin(struct xph_task_off_cpu *off_cpu, const struct xph_kernel_event *event,
                    uint64_t tsc, uint64_t ns)
{
    off_cpu->waiting = true;
    off_cpu->wait = (struct xph_task_wait){.out_tsc = tsc, .out_ns = ns};
    set_woken(&off_cpu->wait, tsc, ns, event->pid, event->cpu, false);
}

void xph_task_wake(struct xph_task_off_cpu *off_cpu, const struct xph_kernel_event *event,
                   uint64_t tsc, uint64_t ns)
{
    if (!off_cpu->waiting) {
        off_cpu->woken_early = true;
        off_cpu->early_waker = event->pid;
        off_cpu->early_vcpu = event->cpu;
        off_cpu->early_interrupt = event->waking.interrupt;
    } else if (!off_cpu->wait.woken) {
        set_woken(&off_cpu->wait, tsc, ns, event->pid, event->cpu, event->waking.interrupt);
    }
}

bool xph_task_enter(struct xph_task_off_cpu *off_cpu, uint16_t vcpu, uint64_t tsc, uint64_t ns,
                    uint64_t lost_tsc)
{
    struct xph_task_wait *wait = &off_cpu->wait;
    bool early = off_cpu->woken_early;

    off_cpu->woken_early = false;
    if (!off_cpu->waiting)
        return false;
    off_cpu->waiting = false;
    wait->vcpu = vcpu;
    wait->in_tsc = tsc;
    wait->in_ns = ns;
    wait->whole = lost_tsc <= wait->out_tsc;
    /* Nobody sleeps and goes on without being woken: then it was the one just before. */
    if (!wait->woken && wait->whole && early)
        set_woken(wait, wait->out_tsc, wait->out_ns, off_cpu->early_waker, off_cpu->early_vcpu,
                  off_cpu->early_interrupt);
    if (!wait->woken) {
        wait->woken_tsc = tsc;
        wait->woken_ns = ns;
    }
    return true;
}
