/*
 * Which thread each of dom0's vCPUs runs, whether Xen lets that vCPU run, and which hypercall the
 * thread is in: dom0's kernel events joined with Xen's run states. CPU n of dom0's kernel is vCPU n
 * of domain 0.
 */
#ifndef XPH_ANALYZER_MACHINE_DOM0_TASKS_H
#define XPH_ANALYZER_MACHINE_DOM0_TASKS_H

#include "analyzer/kernel/kernel_event.h"
#include "analyzer/machine/machine.h"
#include "analyzer/machine/task_table.h"

/* A thread was dom0's choice on a vCPU for a while. */
struct xph_task_interval {
    const struct xph_task *task;
    uint16_t vcpu;           /* of dom0 */
    enum xph_runstate state; /* running; runnable: preempted by Xen; blocked; offline; lost */
    bool holder_known;       /* of a runnable one: who held the pCPU where it ran last */
    uint16_t holder_domid, holder_vcpu;
    uint64_t start_tsc, end_tsc; /* Xen's */
};

struct xph_dom0_observer {
    /* Told when it is over; any may be NULL. */
    bool (*interval)(void *context, const struct xph_task_interval *interval,
                     struct xph_error *err);
    bool (*hypercall)(void *context, const struct xph_task *task,
                      const struct xph_hypercall_span *span, struct xph_error *err);
    /* Told when the thread goes on. */
    bool (*wait)(void *context, const struct xph_task *task, const struct xph_task_wait *wait,
                 struct xph_error *err);
    void *context;
};

/* How well the two traces fit each other. */
struct xph_join_check {
    uint64_t calls;          /* hypercalls of dom0's threads that ended */
    uint64_t checked;        /* of these, those of which Xen's record was to be expected */
    uint64_t joined;         /* of these, those with one */
    uint64_t records;        /* Xen's of domctl and sysctl by dom0, which only privcmd makes */
    uint64_t records_joined; /* of these, those in such a hypercall */
    uint64_t returns_alone;  /* returns whose begin was not seen */
    uint64_t unfinished;     /* begins whose return was not seen */
    uint64_t unlike;  /* switches away from another thread than the one that was thought to run */
    uint64_t wakings; /* events that tell of one */
    uint64_t unwoken; /* threads that slept and went on, and nobody was seen to wake them,
                         though no events were lost meanwhile */
};

enum { XPH_LATE_CALLS = 64 };

struct xph_dom0_tasks {
    struct xph_dom0_observer observer;
    struct xph_task_table table;
    struct xph_dom0_cpu {
        uint32_t task; /* its handle in the table; 0: unknown */
        enum xph_runstate state;
        uint16_t pcpu; /* where it runs, or ran last */
        bool placed;   /* pcpu is known */
        bool holder_known;
        uint16_t holder_domid, holder_vcpu;
        uint64_t since_tsc;
    } * cpus; /* owned */
    size_t cpu_count;
    size_t runnable;            /* CPUs whose state is that */
    uint64_t lost_tsc;          /* when kernel events were lost last; 0: never */
    uint64_t last_tsc, last_ns; /* of the last kernel event */
    bool hypercalls_traced;     /* Xen records hypercalls */
    bool xen_over, kernel_over;
    struct xph_join_check join;
    /* When the last calls returned of which no record was seen: a gap that Xen tells of afterwards
     * may have had it. A ring. */
    uint64_t late[XPH_LATE_CALLS];
    size_t late_count;
    uint64_t xen_lost_tsc; /* until then Xen lost records; 0: it lost none */
};

/* `hypercalls_traced`: Xen's event mask lets records of hypercalls pass. */
bool xph_dom0_tasks_open(struct xph_dom0_tasks *tasks, const struct xph_dom0_observer *observer,
                         bool hypercalls_traced, struct xph_error *err);
void xph_dom0_tasks_close(struct xph_dom0_tasks *tasks);

/* Takes the next kernel event, which happened at `tsc` of Xen's clock. */
bool xph_dom0_tasks_kernel(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                           uint64_t tsc, uint64_t ns, struct xph_error *err);

/* Can a task have asked for a hypercall with this number? Some only a kernel makes, for itself. */
bool xph_hypercall_of_task(uint32_t op);

/* Takes the next record of Xen, which `machine` has been fed with. */
bool xph_dom0_tasks_record(struct xph_dom0_tasks *tasks, const struct xph_machine *machine,
                           const struct xph_record *record, struct xph_error *err);

/* There are no more kernel events: what was true at the last one is told, and nothing after it. */
bool xph_dom0_tasks_kernel_over(struct xph_dom0_tasks *tasks, struct xph_error *err);
/* There are no more records after `tsc`: what Xen makes of the vCPUs is not known any more. */
bool xph_dom0_tasks_xen_over(struct xph_dom0_tasks *tasks, uint64_t tsc, struct xph_error *err);

/* The task that runs on a vCPU of dom0, NULL while that is not known. */
const struct xph_task *xph_dom0_task_on(const struct xph_dom0_tasks *tasks, uint16_t vcpu);

#endif
