#include "analyzer/path/history_builder.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"
#include "analyzer/decode/trace_file.h"

enum {
    DOM0_CPUS = UINT16_MAX + 1,
    /* Linux's include/linux/sched.h: what sched_switch tells of the task that leaves. */
    TASK_DEAD_STATES = 0x10 | 0x20,
    TASK_STOPPED = 0x04, /* a traced one is not: it waits for its tracer */
    TASK_SLEEPS = 0x01 | 0x02 | 0x04 | 0x08 | 0x40 | 0x80,
    KTHREADD = 2, /* makes all threads of the kernel's */
    HYPERCALL_EVENT_CHANNEL_OP = 32,
    HYPERCALL_DOMCTL = 36,
    HYPERCALL_VCPU_OP = 24,
    HYPERCALL_MULTICALL = 13,
    /* A wake-up so soon after a hypercall's entry is its work; later it is an interrupt's that came
     * upon whoever ran there. Emulated hosts need so long for it. */
    HYPERCALL_WAKES_WITHIN_NS = 500000,
    /* So soon after an interrupt on the same CPU, what is woken outside of any task is its work. */
    INTERRUPT_WAKES_WITHIN_NS = 2000000,
    /* So soon an event arrives, even where the CPU had to be woken for it. */
    EVENT_ARRIVES_WITHIN_NS = 2000000,
};

bool xph_history_builder_open(struct xph_history_builder *builder, struct xph_error *err)
{
    *builder = (struct xph_history_builder){0};
    if (!xph_history_open(&builder->history, err))
        return false;
    builder->pcpus = calloc(XPH_MAX_PCPUS, sizeof(*builder->pcpus));
    builder->interrupts = calloc(DOM0_CPUS, sizeof(*builder->interrupts));
    builder->named = calloc(XPH_KERNEL_MAX_PID / 8 + 1, 1);
    if (builder->pcpus && builder->interrupts && builder->named)
        return true;
    xph_history_builder_close(builder);
    return xph_fail(err, "out of memory");
}

void xph_history_builder_close(struct xph_history_builder *builder)
{
    xph_history_close(&builder->history);
    xph_task_names_close(&builder->names);
    free(builder->pcpus);
    free(builder->interrupts);
    free(builder->named);
    *builder = (struct xph_history_builder){0};
}

static bool add(struct xph_history_builder *builder, uint32_t position, uint64_t ns,
                enum xph_activity activity, enum xph_cause cause, uint32_t by, uint32_t cpu,
                struct xph_error *err)
{
    struct xph_change change = {ns, by, (uint16_t)cpu, (uint8_t)activity, (uint8_t)cause};

    return xph_history_add(&builder->history, position, &change, err);
}

/* The first name of a task that was there before; of others their birth and exec tell, but for the
 * kernel's threads, which are named after their birth. */
static bool learn_name(struct xph_history_builder *builder, uint32_t pid, const char *name,
                       uint64_t ns, struct xph_error *err)
{
    uint32_t known = xph_history_find(&builder->history, XPH_ACTOR_TASK, pid);
    uint8_t bit = (uint8_t)(1 << pid % 8);

    if (!name || name[0] == '\0' || builder->named[pid / 8] & bit)
        return true;
    builder->named[pid / 8] |= bit;
    if (known == XPH_NOBODY || xph_history_at(&builder->history, known)->count == 0)
        ns = 0;
    return xph_task_names_seen(&builder->names, pid, name, ns, err);
}

/* The task, XPH_NOBODY on error. `name` is what the event calls it, NULL if it does not tell. */
static uint32_t task(struct xph_history_builder *builder, uint32_t pid, const char *name,
                     uint64_t ns, struct xph_error *err)
{
    return learn_name(builder, pid, name, ns, err)
               ? xph_history_actor(&builder->history, XPH_ACTOR_TASK, pid, err)
               : XPH_NOBODY;
}

static const struct xph_change *last_change(const struct xph_history_builder *builder,
                                            uint32_t position)
{
    const struct xph_actor *actor = xph_history_at(&builder->history, position);

    return actor->count > 0 ? &actor->changes[actor->count - 1] : NULL;
}

/* A task that runs again though nobody woke it was woken before it had left its CPU. */
static void apply_early_wake(struct xph_actor *actor)
{
    struct xph_change *last = &actor->changes[actor->count - 1];

    if (last->activity == XPH_ACTIVITY_WAITING && actor->early.ns != 0 && actor->count > 1 &&
        actor->early.ns >= last[-1].ns) {
        last->activity = XPH_ACTIVITY_READY;
        last->cause = actor->early.cause;
        last->by = actor->early.by;
    }
    actor->early.ns = 0;
}

/* One that was ready is so where it runs in the end, not where it was woken. */
static bool begin_to_run(struct xph_history_builder *builder, uint32_t position, uint64_t ns,
                         uint32_t cpu, struct xph_error *err)
{
    struct xph_actor *actor = &builder->history.actors[position - 1];

    if (actor->count > 0) {
        apply_early_wake(actor);
        if (actor->changes[actor->count - 1].activity == XPH_ACTIVITY_READY)
            actor->changes[actor->count - 1].cpu = (uint16_t)cpu;
    }
    return add(builder, position, ns, XPH_ACTIVITY_RUNNING, XPH_CAUSE_UNKNOWN, XPH_NOBODY, cpu,
               err);
}

static enum xph_activity activity_after(uint32_t state)
{
    if (state & TASK_DEAD_STATES)
        return XPH_ACTIVITY_ABSENT;
    return state & TASK_SLEEPS ? XPH_ACTIVITY_WAITING : XPH_ACTIVITY_READY;
}

static bool leave_cpu(struct xph_history_builder *builder, const struct xph_kernel_event *event,
                      uint32_t cpu_actor, uint64_t ns, struct xph_error *err)
{
    uint32_t position;

    if (event->schedule.previous_pid == 0)
        return true;
    position = task(builder, event->schedule.previous_pid, event->schedule.previous_name, ns, err);
    if (position == XPH_NOBODY)
        return false;
    /* The first to leave a CPU has run there since before the recording. */
    if (!last_change(builder, cpu_actor) &&
        !add(builder, position, builder->start_ns, XPH_ACTIVITY_RUNNING, XPH_CAUSE_UNKNOWN,
             XPH_NOBODY, event->cpu, err))
        return false;
    return add(builder, position, ns, activity_after(event->schedule.previous_state),
               event->schedule.previous_state & TASK_STOPPED ? XPH_CAUSE_STOPPED
                                                             : XPH_CAUSE_UNKNOWN,
               XPH_NOBODY, event->cpu, err);
}

static bool take_switch(struct xph_history_builder *builder, const struct xph_kernel_event *event,
                        uint64_t ns, struct xph_error *err)
{
    uint32_t cpu = xph_history_actor(&builder->history, XPH_ACTOR_DOM0_CPU, event->cpu, err);
    uint32_t next = XPH_NOBODY;

    if (cpu == XPH_NOBODY || !leave_cpu(builder, event, cpu, ns, err))
        return false;
    if (event->schedule.next_pid != 0) {
        next = task(builder, event->schedule.next_pid, event->schedule.next_name, ns, err);
        if (next == XPH_NOBODY || !begin_to_run(builder, next, ns, event->cpu, err))
            return false;
    }
    return add(builder, cpu, ns, next == XPH_NOBODY ? XPH_ACTIVITY_WAITING : XPH_ACTIVITY_RUNNING,
               XPH_CAUSE_UNKNOWN, next, event->cpu, err);
}

/* What an interrupt of dom0 stands for, by its name in /proc/interrupts; the first that fits. */
static enum xph_cause cause_of_interrupt(const char *name)
{
    static const struct {
        const char *beginning;
        enum xph_cause cause;
    } rows[] = {
        {"timer", XPH_CAUSE_TIMER},
        {"hpet", XPH_CAUSE_TIMER},
        {"rtc", XPH_CAUSE_TIMER},
        {"evtchn:", XPH_CAUSE_EVENT_CHANNEL}, /* what a process like xenstored listens to */
        {"xenbus", XPH_CAUSE_EVENT_CHANNEL},
        {"blkif", XPH_CAUSE_EVENT_CHANNEL}, /* backends: a guest's request */
        {"vif", XPH_CAUSE_EVENT_CHANNEL},
        {"hvc", XPH_CAUSE_EVENT_CHANNEL},
        {"ahci", XPH_CAUSE_DISK},
        {"ata", XPH_CAUSE_DISK},
        {"nvme", XPH_CAUSE_DISK},
        {"megasas", XPH_CAUSE_DISK},
        {"mpt", XPH_CAUSE_DISK},
        {"virtio", XPH_CAUSE_DISK}, /* a dom0's, in the emulated host: its only such device */
        {"eth", XPH_CAUSE_NETWORK},
        {"en", XPH_CAUSE_NETWORK},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncmp(name, rows[i].beginning, strlen(rows[i].beginning)) == 0)
            return rows[i].cause;
    }
    return XPH_CAUSE_INTERRUPT;
}

static enum xph_cause interrupt_cause(const struct xph_history_builder *builder, uint16_t cpu,
                                      uint64_t ns)
{
    const struct xph_last_interrupt *last = &builder->interrupts[cpu];

    return last->cause != XPH_CAUSE_UNKNOWN && ns - last->ns <= INTERRUPT_WAKES_WITHIN_NS
               ? last->cause
               : XPH_CAUSE_INTERRUPT;
}

/* Who is behind an interrupt that stands for an event: the last to send one. */
static uint32_t event_sender(const struct xph_history_builder *builder, uint32_t woken, uint64_t ns)
{
    return builder->event_sender != woken && ns - builder->event_sent_ns <= EVENT_ARRIVES_WITHIN_NS
               ? builder->event_sender
               : XPH_NOBODY;
}

/* Who, or what, is behind a wake-up. */
static bool find_waker(struct xph_history_builder *builder, const struct xph_kernel_event *event,
                       uint32_t woken, uint64_t ns, struct xph_change *change,
                       struct xph_error *err)
{
    enum xph_cause cause = interrupt_cause(builder, event->cpu, ns);

    change->cause = XPH_CAUSE_ACTOR;
    if (event->pid != 0 && !event->waking.interrupt) {
        change->by = task(builder, event->pid, NULL, ns, err);
        return change->by != XPH_NOBODY;
    }
    if (cause == XPH_CAUSE_EVENT_CHANNEL)
        change->by = event_sender(builder, woken, ns);
    if (change->by == XPH_NOBODY)
        change->cause = (uint8_t)cause;
    return true;
}

/* Who runs need not be woken: Linux only keeps it from going to sleep, unless it has just begun to.
 */
static bool take_waking(struct xph_history_builder *builder, const struct xph_kernel_event *event,
                        uint64_t ns, struct xph_error *err)
{
    uint32_t woken = task(builder, event->waking.pid, event->waking.name, ns, err);
    struct xph_change change = {
        .ns = ns, .cpu = (uint16_t)event->waking.cpu, .activity = XPH_ACTIVITY_READY};
    const struct xph_change *last;

    if (woken == XPH_NOBODY || !find_waker(builder, event, woken, ns, &change, err))
        return false;
    last = last_change(builder, woken);
    if (last && last->activity != XPH_ACTIVITY_WAITING && last->activity != XPH_ACTIVITY_ABSENT) {
        builder->history.actors[woken - 1].early = change;
        return true;
    }
    return xph_history_add(&builder->history, woken, &change, err);
}

static bool take_fork(struct xph_history_builder *builder, const struct xph_kernel_event *event,
                      uint64_t ns, struct xph_error *err)
{
    uint32_t parent = task(builder, event->pid, NULL, ns, err);
    uint32_t child =
        xph_history_actor(&builder->history, XPH_ACTOR_TASK, event->fork.child_pid, err);

    if (event->pid == KTHREADD)
        builder->named[event->fork.child_pid / 8] &= (uint8_t) ~(1 << event->fork.child_pid % 8);
    else
        builder->named[event->fork.child_pid / 8] |= (uint8_t)(1 << event->fork.child_pid % 8);
    return parent != XPH_NOBODY && child != XPH_NOBODY &&
           xph_task_names_fork(&builder->names, event->pid, event->fork.child_pid,
                               event->fork.child_name, ns, err) &&
           add(builder, child, ns, XPH_ACTIVITY_READY, XPH_CAUSE_BIRTH, parent, event->cpu, err);
}

static void note_interrupt(struct xph_history_builder *builder,
                           const struct xph_kernel_event *event, uint64_t ns, enum xph_cause cause)
{
    builder->interrupts[event->cpu] = (struct xph_last_interrupt){ns, (uint8_t)cause};
}

static void note_start(struct xph_history_builder *builder, uint64_t ns)
{
    if (builder->started)
        return;
    builder->started = true;
    builder->start_ns = ns;
}

bool xph_history_take_kernel(struct xph_history_builder *builder,
                             const struct xph_kernel_event *event, uint64_t ns,
                             struct xph_error *err)
{
    if (event->type != XPH_KERNEL_NAME)
        note_start(builder, ns);
    switch (event->type) {
    case XPH_KERNEL_SWITCH:
        return take_switch(builder, event, ns, err);
    case XPH_KERNEL_WAKING:
        return take_waking(builder, event, ns, err);
    case XPH_KERNEL_FORK:
        return take_fork(builder, event, ns, err);
    case XPH_KERNEL_NAME:
        return learn_name(builder, event->pid, event->name.name, 0, err);
    case XPH_KERNEL_EXEC:
        return xph_task_names_exec(&builder->names, event->pid, event->exec.path, ns, err);
    case XPH_KERNEL_INTERRUPT:
        note_interrupt(builder, event, ns, cause_of_interrupt(event->interrupt.name));
        return true;
    case XPH_KERNEL_BLOCK_COMPLETE:
        note_interrupt(builder, event, ns, XPH_CAUSE_DISK);
        return true;
    case XPH_KERNEL_NET_RECEIVE:
        note_interrupt(builder, event, ns, XPH_CAUSE_NETWORK);
        return true;
    default:
        return true;
    }
}

static uint32_t vcpu_actor(struct xph_history_builder *builder, uint16_t domid, uint16_t vcpu,
                           struct xph_error *err)
{
    return xph_history_actor(&builder->history, XPH_ACTOR_VCPU, (uint32_t)domid << 16 | vcpu, err);
}

bool xph_hypercall_wakes(uint32_t op)
{
    return op == HYPERCALL_EVENT_CHANNEL_OP || op == HYPERCALL_DOMCTL || op == HYPERCALL_VCPU_OP ||
           op == HYPERCALL_MULTICALL;
}

/* Whether it is the work of who runs on the record's pCPU, and not of an interrupt that came upon
 * it. */
static bool wakes_itself(const struct xph_history_builder *builder, const struct xph_record *record)
{
    const struct xph_pcpu_past *past = &builder->pcpus[record->pcpu];

    return xph_hypercall_wakes(past->hypercall_op) &&
           record->time_ns - past->hypercall_ns <= HYPERCALL_WAKES_WITHIN_NS;
}

/* Xen brings up an HVM guest's vCPU when the one that asked for it has left the pCPU. */
static uint32_t who_brought_up(const struct xph_history_builder *builder,
                               const struct xph_record *record)
{
    uint32_t ran = builder->pcpus[record->pcpu].ran;

    return ran != XPH_NOBODY &&
                   xph_history_at(&builder->history, ran)->number >> 16 == record->words[0] >> 16
               ? ran
               : XPH_NOBODY;
}

/* Of dom0's vCPUs it is the task that runs on it. */
static uint32_t who_runs(const struct xph_history_builder *builder,
                         const struct xph_machine *machine, uint16_t pcpu)
{
    const struct xph_vcpu *running = xph_machine_running(machine, pcpu);
    const struct xph_change *change;
    uint32_t cpu;

    if (!running || running->domid == XPH_IDLE_DOMID)
        return XPH_NOBODY;
    if (running->domid != 0)
        return xph_history_find(&builder->history, XPH_ACTOR_VCPU,
                                (uint32_t)running->domid << 16 | running->vcpu);
    cpu = xph_history_find(&builder->history, XPH_ACTOR_DOM0_CPU, running->vcpu);
    change = cpu == XPH_NOBODY ? NULL : last_change(builder, cpu);
    return change ? change->by : XPH_NOBODY;
}

/* Who woke a vCPU: Xen writes the record on the waker's pCPU. No interrupt unpauses one or brings
 * it up. */
static uint32_t waker(const struct xph_history_builder *builder, const struct xph_machine *machine,
                      const struct xph_record *record, unsigned old)
{
    const struct xph_vcpu *running = xph_machine_running(machine, record->pcpu);

    if (old != XPH_OFFLINE)
        return wakes_itself(builder, record) ? who_runs(builder, machine, record->pcpu)
                                             : XPH_NOBODY;
    return running && running->domid != XPH_IDLE_DOMID ? who_runs(builder, machine, record->pcpu)
                                                       : who_brought_up(builder, record);
}

static bool take_runstate(struct xph_history_builder *builder, const struct xph_machine *machine,
                          const struct xph_record *record, struct xph_error *err)
{
    static const uint8_t activities[] = {
        [XPH_RUNNING] = XPH_ACTIVITY_RUNNING,
        [XPH_RUNNABLE] = XPH_ACTIVITY_READY,
        [XPH_BLOCKED] = XPH_ACTIVITY_WAITING,
        [XPH_OFFLINE] = XPH_ACTIVITY_ABSENT,
    };
    unsigned old = record->event >> 8 & 15, new = record->event >> 4 & 15;
    uint16_t domid = (uint16_t)(record->words[0] >> 16), vcpu = (uint16_t)record->words[0];
    uint32_t actor = XPH_NOBODY, by = XPH_NOBODY, pcpu;
    enum xph_cause cause = XPH_CAUSE_UNKNOWN;

    if (old > XPH_OFFLINE || new > XPH_OFFLINE || !xph_vcpu_is_possible(domid, vcpu))
        return true;
    if (domid != XPH_IDLE_DOMID) {
        actor = vcpu_actor(builder, domid, vcpu, err);
        if (actor == XPH_NOBODY)
            return false;
        if (old >= XPH_BLOCKED && new < XPH_BLOCKED) {
            by = waker(builder, machine, record, old);
            cause = by == XPH_NOBODY ? XPH_CAUSE_INTERRUPT : XPH_CAUSE_ACTOR;
        }
        if (new == XPH_RUNNING ? !begin_to_run(builder, actor, record->time_ns, record->pcpu, err)
                               : !add(builder, actor, record->time_ns, activities[new], cause, by,
                                      record->pcpu, err))
            return false;
    }
    if (new != XPH_RUNNING)
        return true;
    if (actor != XPH_NOBODY)
        builder->pcpus[record->pcpu].ran = actor;
    pcpu = xph_history_actor(&builder->history, XPH_ACTOR_PCPU, record->pcpu, err);
    return pcpu != XPH_NOBODY &&
           add(builder, pcpu, record->time_ns,
               actor == XPH_NOBODY ? XPH_ACTIVITY_WAITING : XPH_ACTIVITY_RUNNING, XPH_CAUSE_UNKNOWN,
               actor, record->pcpu, err);
}

static void take_hypercall(struct xph_history_builder *builder, const struct xph_machine *machine,
                           const struct xph_record *record)
{
    uint32_t op = xph_hypercall_op(record->words[0]);

    builder->pcpus[record->pcpu].hypercall_ns = record->time_ns;
    builder->pcpus[record->pcpu].hypercall_op = op;
    if (op != HYPERCALL_EVENT_CHANNEL_OP)
        return;
    builder->event_sent_ns = record->time_ns;
    builder->event_sender = who_runs(builder, machine, record->pcpu);
}

bool xph_history_take_xen(struct xph_history_builder *builder, const struct xph_machine *machine,
                          const struct xph_record *record, struct xph_error *err)
{
    note_start(builder, record->time_ns);
    if (record->extra_words == 0)
        return true;
    if (record->event == XPH_EVENT_HYPERCALL_V2)
        take_hypercall(builder, machine, record);
    if (xph_event_is_runstate_change(record->event))
        return take_runstate(builder, machine, record, err);
    return true;
}
