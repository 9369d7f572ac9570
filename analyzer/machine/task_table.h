/*
 * The threads of dom0 that a recording tells of, by pid. A pid that is used again is another task.
 */
#ifndef XPH_ANALYZER_MACHINE_TASK_TABLE_H
#define XPH_ANALYZER_MACHINE_TASK_TABLE_H

#include "analyzer/kernel/hypercall_target.h"
#include "analyzer/kernel/kernel_event.h"
#include "analyzer/machine/machine.h"
#include "analyzer/machine/task_wait.h"

/* By what Xen makes of the vCPU; XPH_LOST also stands for what is not known yet, or not any more.
 */
enum { XPH_TASK_STATES = XPH_RUNSTATES };

/* A hypercall, or another ioctl of privcmd, of a thread of dom0. */
struct xph_hypercall_span {
    struct xph_hypercall_target target;
    uint16_t vcpu;    /* of dom0, where it began */
    uint16_t created; /* by createdomain: the new domain, or XPH_NO_DOMAIN */
    bool placed;      /* when it began it was known what Xen made of its vCPU */
    uint32_t records; /* of Xen's, of this hypercall, in it: one, and one more each time that it
                         was preempted and went on */
    uint64_t entry_tsc, entry_ns;
    uint64_t record_tsc, record_ns; /* of the first such record; 0: none */
    uint64_t return_tsc, return_ns;
    /* Of the time from entry to return, that in which the thread was there and its vCPU ran; and of
     * this, the part after the first record: so long was the processor in Xen for it at most, as
     * nothing records when Xen is left. */
    uint64_t running_cycles, xen_cycles;
    int64_t result; /* negative: an errno */
};

/* A thread of dom0. */
struct xph_task {
    uint32_t pid;
    uint32_t parent;    /* the thread that made it; 0: unknown */
    bool process;       /* it called exec: its pid is its process's, too. Of others it is not known
                           whose threads they are */
    bool forked, ended; /* in the recording: then start_ns, end_ns are known */
    bool in_call;
    char name[XPH_TASK_NAME_BYTES]; /* its last one; "" if unknown */
    uint64_t start_ns, end_ns;
    uint64_t calls;                   /* hypercalls and other ioctls of privcmd that returned */
    uint64_t cycles[XPH_TASK_STATES]; /* on one of dom0's vCPUs, by what Xen made of that */
    uint64_t ready_cycles;            /* it could run, and dom0 ran others */
    struct xph_hypercall_span call;   /* if in_call */
    struct xph_task_off_cpu off_cpu;
};

enum { XPH_IDLE_TASK = 1 }; /* the handle of the idle threads of all CPUs, which have pid 0 */

/* A task is named by its position + 1, which stays; 0 names none. */
struct xph_task_table {
    struct xph_task *tasks; /* owned */
    size_t count, capacity;
    uint32_t *index; /* hash of pid to the latest task with it; owned */
    size_t index_size;
    uint64_t untold; /* tasks beyond what is kept */
};

bool xph_task_table_open(struct xph_task_table *table, struct xph_error *err);
void xph_task_table_close(struct xph_task_table *table);

/* A new task of that pid, from now on the one that is found by it. *handle is 0 where there is no
 * room for more; false only without memory. */
bool xph_task_add(struct xph_task_table *table, uint32_t pid, uint32_t *handle,
                  struct xph_error *err);
/* The latest task of that pid; made, if there is none. */
bool xph_task_find(struct xph_task_table *table, uint32_t pid, uint32_t *handle,
                   struct xph_error *err);
/* The same, 0 if there is none. */
uint32_t xph_task_lookup(const struct xph_task_table *table, uint32_t pid);

/* NULL for 0. Valid until the next task is made. */
static inline struct xph_task *xph_task_at(const struct xph_task_table *table, uint32_t handle)
{
    return handle == 0 ? NULL : &table->tasks[handle - 1];
}

/* The sum over all states. */
static inline uint64_t xph_task_cycles(const uint64_t cycles[XPH_TASK_STATES])
{
    uint64_t sum = 0;

    for (int state = 0; state < XPH_TASK_STATES; state++)
        sum += cycles[state];
    return sum;
}

/* Nothing is done for the idle task, for none, and with an empty name. */
void xph_task_rename(struct xph_task_table *table, uint32_t handle, const char *name);

#endif
