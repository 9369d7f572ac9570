#include "analyzer/machine/dom0_tasks.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"

/* Xen's public/xen.h: how a PV kernel goes to and from what it runs. */
enum { HYPERCALL_STACK_SWITCH = 3, HYPERCALL_IRET = 23, HYPERCALL_SET_SEGMENT_BASE = 25 };

bool xph_dom0_tasks_open(struct xph_dom0_tasks *tasks, const struct xph_dom0_observer *observer,
                         bool hypercalls_traced, struct xph_error *err)
{
    *tasks = (struct xph_dom0_tasks){.hypercalls_traced = hypercalls_traced};
    if (observer)
        tasks->observer = *observer;
    return xph_task_table_open(&tasks->table, err);
}

void xph_dom0_tasks_close(struct xph_dom0_tasks *tasks)
{
    xph_task_table_close(&tasks->table);
    free(tasks->cpus);
    *tasks = (struct xph_dom0_tasks){0};
}

const struct xph_task *xph_dom0_task_on(const struct xph_dom0_tasks *tasks, uint16_t vcpu)
{
    return vcpu < tasks->cpu_count ? xph_task_at(&tasks->table, tasks->cpus[vcpu].task) : NULL;
}

/* Both traces name CPUs; there are no more than dom0's kernel can have. */
static bool have_cpu(struct xph_dom0_tasks *tasks, uint16_t cpu, struct xph_error *err)
{
    struct xph_dom0_cpu *grown;

    if (cpu < tasks->cpu_count)
        return true;
    grown = realloc(tasks->cpus, (cpu + 1U) * sizeof(*grown));
    if (!grown)
        return xph_fail(err, "out of memory for %u CPUs of dom0", cpu + 1U);
    tasks->cpus = grown;
    for (; tasks->cpu_count <= cpu; tasks->cpu_count++)
        grown[tasks->cpu_count] = (struct xph_dom0_cpu){.state = XPH_LOST};
    return true;
}

/* Tells what was true of the CPU since the last cut. */
static bool cut(struct xph_dom0_tasks *tasks, uint16_t number, uint64_t tsc, struct xph_error *err)
{
    struct xph_dom0_cpu *cpu = &tasks->cpus[number];
    struct xph_task *task = xph_task_at(&tasks->table, cpu->task);
    struct xph_task_interval interval = {.task = task,
                                         .vcpu = number,
                                         .state = cpu->state,
                                         .holder_known = cpu->holder_known,
                                         .holder_domid = cpu->holder_domid,
                                         .holder_vcpu = cpu->holder_vcpu,
                                         .start_tsc = cpu->since_tsc,
                                         .end_tsc = tsc};

    if (tsc <= cpu->since_tsc)
        return true;
    cpu->since_tsc = tsc;
    if (!task || tasks->kernel_over)
        return true;
    task->cycles[cpu->state] += tsc - interval.start_tsc;
    if (task->in_call && cpu->state == XPH_RUNNING) {
        task->call.running_cycles += tsc - interval.start_tsc;
        if (task->call.records > 0)
            task->call.xen_cycles += tsc - interval.start_tsc;
    }
    return !tasks->observer.interval ||
           tasks->observer.interval(tasks->observer.context, &interval, err);
}

/* The task that the event says ran: after a loss, and before the CPU's first switch. */
static bool settle_task(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                        uint32_t pid, uint64_t tsc, struct xph_error *err)
{
    struct xph_dom0_cpu *cpu;
    uint32_t position;

    if (!have_cpu(tasks, event->cpu, err) || !xph_task_find(&tasks->table, pid, &position, err))
        return false;
    cpu = &tasks->cpus[event->cpu];
    if (cpu->task == position)
        return true;
    if (cpu->task != 0)
        tasks->join.unlike++;
    if (!cut(tasks, event->cpu, tsc, err))
        return false;
    tasks->cpus[event->cpu].task = position;
    return true;
}

static void take_waking(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                        uint64_t tsc, uint64_t ns)
{
    struct xph_task *task =
        xph_task_at(&tasks->table, xph_task_lookup(&tasks->table, event->waking.pid));

    tasks->join.wakings++;
    if (task && task->pid != 0)
        xph_task_wake(&task->off_cpu, event, tsc, ns);
}

/* The thread has a CPU again. */
static bool end_wait(struct xph_dom0_tasks *tasks, struct xph_task *task, uint16_t cpu,
                     uint64_t tsc, uint64_t ns, struct xph_error *err)
{
    const struct xph_task_wait *wait = &task->off_cpu.wait;

    if (!xph_task_enter(&task->off_cpu, cpu, tsc, ns, tasks->lost_tsc))
        return true;
    tasks->join.unwoken += wait->whole && !wait->woken;
    if (wait->in_tsc > wait->woken_tsc)
        task->ready_cycles += wait->in_tsc - wait->woken_tsc;
    return !tasks->observer.wait || tasks->observer.wait(tasks->observer.context, task, wait, err);
}

static bool take_switch(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                        uint64_t tsc, uint64_t ns, struct xph_error *err)
{
    struct xph_task *task;
    uint32_t next;

    if (!cut(tasks, event->cpu, tsc, err) ||
        !xph_task_find(&tasks->table, event->schedule.next_pid, &next, err))
        return false;
    xph_task_rename(&tasks->table, tasks->cpus[event->cpu].task, event->schedule.previous_name);
    task = xph_task_at(&tasks->table, tasks->cpus[event->cpu].task);
    if (task && task->pid != 0)
        xph_task_leave(&task->off_cpu, event, tsc, ns);
    xph_task_rename(&tasks->table, next, event->schedule.next_name);
    tasks->cpus[event->cpu].task = next;
    task = xph_task_at(&tasks->table, next);
    return !task || end_wait(tasks, task, event->cpu, tsc, ns, err);
}

static bool take_fork(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                      uint64_t tsc, uint64_t ns, struct xph_error *err)
{
    struct xph_task *task;
    uint32_t child;

    if (event->fork.child_pid == 0)
        return true;
    /* A pid that was seen before is another task's now. */
    if (!xph_task_add(&tasks->table, event->fork.child_pid, &child, err))
        return false;
    task = xph_task_at(&tasks->table, child);
    if (!task)
        return true;
    task->parent = event->pid;
    task->forked = true;
    task->start_ns = ns;
    xph_task_begin(&task->off_cpu, event, tsc, ns);
    xph_task_rename(&tasks->table, child, event->fork.child_name);
    return true;
}

/* The kernel names it so, too, a moment before; but that has no event. */
static void take_exec(struct xph_task *task, const struct xph_kernel_event *event)
{
    const char *slash = strrchr(event->exec.path, '/');
    const char *name = slash ? slash + 1 : event->exec.path;
    size_t length = strnlen(name, XPH_TASK_NAME_BYTES - 1);

    task->process = true;
    memset(task->name, 0, sizeof(task->name));
    memcpy(task->name, name, length);
}

static bool take_call(struct xph_dom0_tasks *tasks, struct xph_task *task,
                      const struct xph_kernel_event *event, uint64_t tsc, uint64_t ns,
                      struct xph_error *err)
{
    if (!cut(tasks, event->cpu, tsc, err))
        return false;
    if (task->in_call)
        tasks->join.unfinished++;
    task->in_call = true;
    task->call = (struct xph_hypercall_span){.vcpu = event->cpu,
                                             .created = XPH_NO_DOMAIN,
                                             .placed = tasks->cpus[event->cpu].state != XPH_LOST,
                                             .entry_tsc = tsc,
                                             .entry_ns = ns};
    xph_hypercall_target(event, &task->call.target);
    return true;
}

static void check_call(struct xph_dom0_tasks *tasks, const struct xph_hypercall_span *call)
{
    if (call->target.command != XPH_PRIVCMD_HYPERCALL)
        return;
    tasks->join.calls++;
    /* Nobody knows of what fell into a gap, or before and after Xen's trace. */
    if (!tasks->hypercalls_traced || !call->placed || tasks->xen_over ||
        call->entry_tsc < tasks->xen_lost_tsc || tasks->cpus[call->vcpu].state == XPH_LOST)
        return;
    tasks->join.checked++;
    if (call->records > 0)
        tasks->join.joined++;
    else
        tasks->late[tasks->late_count++ % XPH_LATE_CALLS] = call->return_tsc;
}

/* Records were lost since `since`: those of some calls may be among them. */
static void excuse_calls(struct xph_dom0_tasks *tasks, uint64_t since)
{
    for (; tasks->late_count > 0; tasks->late_count--) {
        uint64_t *late = &tasks->late[(tasks->late_count - 1) % XPH_LATE_CALLS];

        if (*late < since)
            return;
        *late = 0;
        tasks->join.checked--;
    }
}

static bool take_return(struct xph_dom0_tasks *tasks, struct xph_task *task,
                        const struct xph_kernel_event *event, uint64_t tsc, uint64_t ns,
                        struct xph_error *err)
{
    if (!task->in_call) {
        tasks->join.returns_alone++;
        return true;
    }
    if (!cut(tasks, event->cpu, tsc, err))
        return false;
    task->in_call = false;
    task->calls++;
    task->call.result = event->privcmd_end.result;
    task->call.return_tsc = tsc;
    task->call.return_ns = ns;
    check_call(tasks, &task->call);
    return !tasks->observer.hypercall ||
           tasks->observer.hypercall(tasks->observer.context, task, &task->call, err);
}

/* What ran after the gap says nothing of what ran in it. */
static bool take_loss(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                      uint64_t tsc, struct xph_error *err)
{
    struct xph_dom0_cpu *cpu;

    tasks->lost_tsc = tsc;
    if (!have_cpu(tasks, event->cpu, err))
        return false;
    cpu = &tasks->cpus[event->cpu];
    cpu->task = 0;
    return true;
}

/* Events of the task that ran, which is known by now. */
static bool take_of_task(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                         uint64_t tsc, uint64_t ns, struct xph_error *err)
{
    struct xph_task *task = xph_task_at(&tasks->table, tasks->cpus[event->cpu].task);

    if (!task || event->pid == 0)
        return true;
    switch (event->type) {
    case XPH_KERNEL_EXEC:
        take_exec(task, event);
        return true;
    case XPH_KERNEL_EXIT:
        task->ended = true;
        task->end_ns = ns;
        xph_task_rename(&tasks->table, tasks->cpus[event->cpu].task, event->exit.name);
        if (task->in_call)
            tasks->join.unfinished++;
        task->in_call = false;
        return true;
    case XPH_KERNEL_PRIVCMD:
        return take_call(tasks, task, event, tsc, ns, err);
    case XPH_KERNEL_PRIVCMD_END:
        return take_return(tasks, task, event, tsc, ns, err);
    default:
        return true;
    }
}

static bool take_name(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                      struct xph_error *err)
{
    uint32_t position;

    if (!xph_task_find(&tasks->table, event->pid, &position, err))
        return false;
    if (position != 0 && xph_task_at(&tasks->table, position)->name[0] == '\0')
        xph_task_rename(&tasks->table, position, event->name.name);
    return true;
}

bool xph_dom0_tasks_kernel(struct xph_dom0_tasks *tasks, const struct xph_kernel_event *event,
                           uint64_t tsc, uint64_t ns, struct xph_error *err)
{
    if (event->type == XPH_KERNEL_NAME)
        return take_name(tasks, event, err);
    if (event->type == XPH_KERNEL_LOST)
        return take_loss(tasks, event, tsc, err);
    tasks->last_tsc = tsc;
    tasks->last_ns = ns;
    if (!settle_task(tasks, event, event->pid, tsc, err))
        return false;
    if (event->type == XPH_KERNEL_SWITCH)
        return take_switch(tasks, event, tsc, ns, err);
    if (event->type == XPH_KERNEL_FORK)
        return take_fork(tasks, event, tsc, ns, err);
    if (event->type == XPH_KERNEL_WAKING)
        take_waking(tasks, event, tsc, ns);
    return take_of_task(tasks, event, tsc, ns, err);
}

static void set_holder(struct xph_dom0_cpu *cpu, const struct xph_machine *machine)
{
    const struct xph_vcpu *holder =
        cpu->state == XPH_RUNNABLE && cpu->placed ? xph_machine_running(machine, cpu->pcpu) : NULL;

    cpu->holder_known = holder != NULL;
    cpu->holder_domid = holder ? holder->domid : 0;
    cpu->holder_vcpu = holder ? holder->vcpu : 0;
}

static void enter_state(struct xph_dom0_tasks *tasks, struct xph_dom0_cpu *cpu,
                        enum xph_runstate state)
{
    tasks->runnable -= cpu->state == XPH_RUNNABLE;
    tasks->runnable += state == XPH_RUNNABLE;
    cpu->state = state;
    cpu->holder_known = false;
}

/* Somebody came to or left the pCPU of a record, where vCPUs of dom0 may wait. */
static bool update_holders(struct xph_dom0_tasks *tasks, const struct xph_machine *machine,
                           const struct xph_record *record, struct xph_error *err)
{
    for (size_t i = 0; tasks->runnable > 0 && i < tasks->cpu_count; i++) {
        struct xph_dom0_cpu *cpu = &tasks->cpus[i];

        if (cpu->state != XPH_RUNNABLE || cpu->pcpu != record->pcpu)
            continue;
        if (!cut(tasks, (uint16_t)i, record->tsc, err))
            return false;
        set_holder(cpu, machine);
    }
    return true;
}

static bool set_state(struct xph_dom0_tasks *tasks, const struct xph_machine *machine,
                      uint16_t vcpu, enum xph_runstate state, const struct xph_record *record,
                      struct xph_error *err)
{
    struct xph_dom0_cpu *cpu;

    if (!have_cpu(tasks, vcpu, err))
        return false;
    cpu = &tasks->cpus[vcpu];
    if (cpu->state != state && !cut(tasks, vcpu, record->tsc, err))
        return false;
    enter_state(tasks, cpu, state);
    if (state == XPH_RUNNING) {
        cpu->pcpu = record->pcpu;
        cpu->placed = true;
    }
    set_holder(cpu, machine);
    return true;
}

/* Of a vCPU that did not run elsewhere, what it does is not known since the gap began. */
static bool take_lost_records(struct xph_dom0_tasks *tasks, const struct xph_record *record,
                              struct xph_error *err)
{
    uint64_t since = xph_record_first_lost_tsc(record);

    excuse_calls(tasks, since);
    tasks->xen_lost_tsc = record->tsc;
    for (size_t i = 0; i < tasks->cpu_count; i++) {
        struct xph_dom0_cpu *cpu = &tasks->cpus[i];

        if (cpu->state == XPH_RUNNING && cpu->pcpu != record->pcpu)
            continue;
        if (!cut(tasks, (uint16_t)i, since < record->tsc ? since : record->tsc, err))
            return false;
        enter_state(tasks, cpu, XPH_LOST);
    }
    return true;
}

static bool take_runstate(struct xph_dom0_tasks *tasks, const struct xph_machine *machine,
                          const struct xph_record *record, unsigned old, unsigned new,
                          struct xph_error *err)
{
    uint16_t domid = (uint16_t)(record->words[0] >> 16), vcpu = (uint16_t)record->words[0];

    if (new > XPH_OFFLINE)
        return true;
    /* A record of a number that no dom0 has is damage. */
    if (domid == 0 && vcpu < UINT16_C(4096) &&
        !set_state(tasks, machine, vcpu, (enum xph_runstate) new, record, err))
        return false;
    return (old != XPH_RUNNING && new != XPH_RUNNING) ||
           update_holders(tasks, machine, record, err);
}

/* The hypercall that the task on the vCPU of the record is in; NULL: none. */
static struct xph_hypercall_span *current_call(struct xph_dom0_tasks *tasks, uint16_t vcpu)
{
    struct xph_task *task =
        vcpu < tasks->cpu_count ? xph_task_at(&tasks->table, tasks->cpus[vcpu].task) : NULL;

    return task && task->in_call ? &task->call : NULL;
}

bool xph_hypercall_of_task(uint32_t op)
{
    return op != HYPERCALL_STACK_SWITCH && op != HYPERCALL_IRET && op != HYPERCALL_SET_SEGMENT_BASE;
}

static bool take_hypercall(struct xph_dom0_tasks *tasks, uint16_t vcpu,
                           const struct xph_record *record, struct xph_error *err)
{
    struct xph_hypercall_span *call = current_call(tasks, vcpu);
    uint32_t op = xph_hypercall_op(record->words[0]);
    bool counts = (op == XPH_HYPERCALL_DOMCTL || op == XPH_HYPERCALL_SYSCTL) &&
                  tasks->last_tsc > 0 && !tasks->kernel_over;

    tasks->join.records += counts;
    if (!call || call->target.traced_op != op || !xph_hypercall_of_task(op))
        return true;
    tasks->join.records_joined += counts;
    if (call->records == 0) {
        if (!cut(tasks, vcpu, record->tsc, err))
            return false;
        call->record_tsc = record->tsc;
        call->record_ns = record->time_ns;
    }
    call->records++;
    return true;
}

static void take_domain_add(struct xph_dom0_tasks *tasks, uint16_t vcpu,
                            const struct xph_record *record)
{
    struct xph_hypercall_span *call = current_call(tasks, vcpu);

    if (call && call->target.op == XPH_HYPERCALL_DOMCTL &&
        call->target.sub == XPH_DOMCTL_CREATEDOMAIN && call->created == XPH_NO_DOMAIN)
        call->created = (uint16_t)record->words[0];
}

bool xph_dom0_tasks_record(struct xph_dom0_tasks *tasks, const struct xph_machine *machine,
                           const struct xph_record *record, struct xph_error *err)
{
    const struct xph_vcpu *vcpu;

    if (record->event == XPH_EVENT_LOST_RECORDS)
        return take_lost_records(tasks, record, err);
    if (record->extra_words == 0)
        return true;
    if (xph_event_is_runstate_change(record->event))
        return take_runstate(tasks, machine, record, record->event >> 8 & 15,
                             record->event >> 4 & 15, err);
    if (record->event == XPH_EVENT_CONTINUE_RUNNING)
        return take_runstate(tasks, machine, record, XPH_RUNNING, XPH_RUNNING, err);
    if (record->event != XPH_EVENT_HYPERCALL_V2 && record->event != XPH_EVENT_DOM_ADD)
        return true;
    vcpu = xph_machine_running(machine, record->pcpu);
    if (!vcpu || vcpu->domid != 0)
        return true;
    if (record->event == XPH_EVENT_HYPERCALL_V2)
        return take_hypercall(tasks, vcpu->vcpu, record, err);
    take_domain_add(tasks, vcpu->vcpu, record);
    return true;
}

bool xph_dom0_tasks_kernel_over(struct xph_dom0_tasks *tasks, struct xph_error *err)
{
    for (size_t i = 0; i < tasks->cpu_count; i++) {
        if (!cut(tasks, (uint16_t)i, tasks->last_tsc, err))
            return false;
    }
    tasks->kernel_over = true;
    return true;
}

bool xph_dom0_tasks_xen_over(struct xph_dom0_tasks *tasks, uint64_t tsc, struct xph_error *err)
{
    for (size_t i = 0; i < tasks->cpu_count; i++) {
        if (!cut(tasks, (uint16_t)i, tsc, err))
            return false;
        enter_state(tasks, &tasks->cpus[i], XPH_LOST);
    }
    tasks->xen_over = true;
    return true;
}
