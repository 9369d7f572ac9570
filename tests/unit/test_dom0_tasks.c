/* dom0's threads on a short history made by hand, whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/machine/dom0_tasks.h"

enum { HYPERCALL = 0x305000, THREAD = 700, OTHER_THREAD = 701, MAX_TOLD = 32 };

/* What was told, and what it was told of. */
struct history {
    struct xph_machine machine;
    struct xph_dom0_tasks tasks;
    struct told {
        uint32_t pid;
        enum xph_runstate state;
        int holder; /* domain; -1: unknown */
        uint64_t start, end;
    } told[MAX_TOLD];
    size_t count;
    struct xph_hypercall_span span; /* the last one */
    size_t spans;
    struct xph_task_wait wait; /* the last one */
    size_t waits;
};

static bool note_interval(void *context, const struct xph_task_interval *interval,
                          struct xph_error *err)
{
    struct history *history = context;

    (void)err;
    assert_true(history->count < MAX_TOLD);
    history->told[history->count++] = (struct told){
        interval->task->pid, interval->state, interval->holder_known ? interval->holder_domid : -1,
        interval->start_tsc, interval->end_tsc};
    return true;
}

static bool note_hypercall(void *context, const struct xph_task *task,
                           const struct xph_hypercall_span *span, struct xph_error *err)
{
    struct history *history = context;

    (void)err;
    assert_int_equal(task->pid, THREAD);
    history->span = *span;
    history->spans++;
    return true;
}

static bool note_wait(void *context, const struct xph_task *task, const struct xph_task_wait *wait,
                      struct xph_error *err)
{
    struct history *history = context;

    (void)task;
    (void)err;
    history->wait = *wait;
    history->waits++;
    return true;
}

static void begin(struct history *history)
{
    const struct xph_dom0_observer observer = {note_interval, note_hypercall, note_wait, history};
    struct xph_error err;

    memset(history, 0, sizeof(*history));
    assert_true(xph_machine_open(&history->machine, NULL, &err));
    assert_true(xph_dom0_tasks_open(&history->tasks, &observer, true, &err));
}

static void end(struct history *history)
{
    xph_dom0_tasks_close(&history->tasks);
    xph_machine_close(&history->machine);
}

static void record(struct history *history, uint64_t tsc, uint16_t pcpu, uint32_t event,
                   uint8_t words, uint32_t first, uint32_t second, uint32_t third)
{
    struct xph_record record = {.tsc = tsc,
                                .time_ns = tsc,
                                .lost_since_ns = tsc,
                                .event = event,
                                .pcpu = pcpu,
                                .extra_words = words,
                                .timed = true,
                                .words = {first, second, third}};
    struct xph_error err;

    assert_true(xph_machine_feed(&history->machine, &record, &err));
    assert_true(xph_dom0_tasks_record(&history->tasks, &history->machine, &record, &err));
}

static void change(struct history *history, uint64_t tsc, uint16_t pcpu, uint16_t domid,
                   uint16_t vcpu, enum xph_runstate old, enum xph_runstate new)
{
    record(history, tsc, pcpu, 0x21001 | (uint32_t)old << 8 | (uint32_t) new << 4, 1,
           (uint32_t)domid << 16 | vcpu, 0, 0);
}

static void take(struct history *history, const struct xph_kernel_event *event)
{
    struct xph_error err;

    assert_true(xph_kernel_event_valid(event));
    assert_true(xph_dom0_tasks_kernel(&history->tasks, event, event->tsc, event->tsc, &err));
}

static void change_thread(struct history *history, uint64_t tsc, uint16_t cpu, uint32_t from,
                          uint32_t to)
{
    struct xph_kernel_event event = {
        .tsc = tsc, .type = XPH_KERNEL_SWITCH, .cpu = cpu, .pid = from};

    event.schedule.previous_pid = from;
    event.schedule.next_pid = to;
    strcpy(event.schedule.next_name, "worker");
    take(history, &event);
}

static void call(struct history *history, uint64_t tsc, uint64_t op, uint32_t sub, uint64_t word)
{
    struct xph_kernel_event event = {.tsc = tsc, .type = XPH_KERNEL_PRIVCMD, .pid = THREAD};

    event.privcmd.ioctl = HYPERCALL;
    event.privcmd.command = XPH_PRIVCMD_HYPERCALL;
    event.privcmd.op = op;
    event.privcmd.sub = sub;
    event.privcmd.domain = XPH_NO_DOMAIN;
    event.privcmd.word = word;
    take(history, &event);
}

static void call_returns(struct history *history, uint16_t cpu, uint64_t tsc, int64_t result)
{
    struct xph_kernel_event event = {
        .tsc = tsc, .type = XPH_KERNEL_PRIVCMD_END, .cpu = cpu, .pid = THREAD};

    event.privcmd_end.result = result;
    take(history, &event);
}

static void told(const struct history *history, size_t number, uint32_t pid,
                 enum xph_runstate state, int holder, uint64_t start, uint64_t end)
{
    const struct told *told = &history->told[number];

    assert_true(number < history->count);
    assert_int_equal(told->pid, pid);
    assert_int_equal(told->state, state);
    assert_int_equal(told->holder, holder);
    assert_int_equal(told->start, start);
    assert_int_equal(told->end, end);
}

/* d0v0 runs on pCPU 3, where domain 7 takes its place for a while; what others do does not matter.
 */
static void test_preemption_names_who_held_the_pcpu(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    change(&history, 300, 3, 0, 0, XPH_RUNNING, XPH_RUNNABLE);
    change(&history, 310, 3, 7, 1, XPH_RUNNABLE, XPH_RUNNING);
    change(&history, 350, 2, 8, 0, XPH_RUNNABLE, XPH_RUNNING);
    change(&history, 400, 3, 7, 1, XPH_RUNNING, XPH_BLOCKED);
    change(&history, 410, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 500, 0, THREAD, OTHER_THREAD);
    told(&history, 0, THREAD, XPH_RUNNING, -1, 200, 300);
    told(&history, 1, THREAD, XPH_RUNNABLE, -1, 300, 310);
    told(&history, 2, THREAD, XPH_RUNNABLE, 7, 310, 400);
    told(&history, 3, THREAD, XPH_RUNNABLE, -1, 400, 410);
    told(&history, 4, THREAD, XPH_RUNNING, -1, 410, 500);
    assert_int_equal(history.count, 5);
    end(&history);
}

static void test_what_fell_into_a_gap_of_xens_is_not_told(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change(&history, 110, 4, 0, 1, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    change_thread(&history, 200, 1, 0, OTHER_THREAD);
    /* On pCPU 3, from 300 to 400: vCPU 1 runs on another one. */
    record(&history, 400, 3, XPH_EVENT_LOST_RECORDS, 4, 5, 0, 300);
    change(&history, 450, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 500, 0, THREAD, 0);
    change_thread(&history, 500, 1, OTHER_THREAD, 0);
    told(&history, 0, THREAD, XPH_RUNNING, -1, 200, 300);
    told(&history, 1, THREAD, XPH_LOST, -1, 300, 450);
    told(&history, 2, THREAD, XPH_RUNNING, -1, 450, 500);
    told(&history, 3, OTHER_THREAD, XPH_RUNNING, -1, 200, 500);
    end(&history);
}

static void test_what_fell_into_a_gap_of_the_kernels_is_nobodys(void **state)
{
    struct xph_kernel_event lost = {.tsc = 400, .type = XPH_KERNEL_LOST, .pid = OTHER_THREAD};
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    take(&history, &lost);
    /* It was switched to in the gap. */
    change_thread(&history, 400, 0, OTHER_THREAD, THREAD);
    change_thread(&history, 500, 0, THREAD, 0);
    told(&history, 0, THREAD, XPH_RUNNING, -1, 400, 500);
    assert_int_equal(history.count, 1);
    assert_int_equal(history.tasks.join.unlike, 0);
    end(&history);
}

static void test_missing_switch_is_found(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change_thread(&history, 200, 0, 0, THREAD);
    change_thread(&history, 300, 0, OTHER_THREAD, 0);
    assert_int_equal(history.tasks.join.unlike, 1);
    end(&history);
}

/* The domain's number is not in the call, but in a record of Xen in the middle of it. */
static void test_new_domain_is_learnt_from_xens_record(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    call(&history, 300, XPH_HYPERCALL_DOMCTL, XPH_DOMCTL_CREATEDOMAIN, 0);
    record(&history, 310, 3, XPH_EVENT_HYPERCALL_V2, 1, XPH_HYPERCALL_DOMCTL, 0, 0);
    record(&history, 320, 3, XPH_EVENT_DOM_ADD, 1, 9, 0, 0);
    /* Meanwhile on another pCPU: not of this call. */
    record(&history, 330, 5, XPH_EVENT_DOM_ADD, 1, 10, 0, 0);
    call_returns(&history, 0, 400, 0);
    assert_int_equal(history.span.created, 9);
    assert_int_equal(history.span.records, 1);
    assert_int_equal(history.span.record_tsc, 310);
    assert_int_equal(history.tasks.join.joined, 1);
    end(&history);
}

/* Xen's record tells of the multicall and not of what is in it; an interrupt's own hypercalls are
 * none of the thread's. */
static void test_multicall_is_joined_as_one(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    call(&history, 300, XPH_HYPERCALL_MULTICALL, XPH_HYPERCALL_MEMORY_OP, 6);
    record(&history, 305, 3, XPH_EVENT_HYPERCALL_V2, 1, 32, 0, 0);
    record(&history, 306, 3, XPH_EVENT_HYPERCALL_V2, 1, XPH_HYPERCALL_MEMORY_OP, 0, 0);
    record(&history, 310, 3, XPH_EVENT_HYPERCALL_V2, 1, XPH_HYPERCALL_MULTICALL, 0, 0);
    record(&history, 320, 3, XPH_EVENT_HYPERCALL_V2, 1, XPH_HYPERCALL_MULTICALL, 0, 0);
    call_returns(&history, 0, 400, -1);
    assert_int_equal(history.span.records, 2);
    assert_int_equal(history.span.record_tsc, 310);
    assert_int_equal(history.span.result, -1);
    assert_int_equal(history.span.running_cycles, 100);
    assert_int_equal(history.span.xen_cycles, 90);
    assert_int_equal(history.span.target.op, XPH_HYPERCALL_MEMORY_OP);
    assert_int_equal(history.tasks.join.checked, 1);
    end(&history);
}

/* A call during which the thread moved to another vCPU, and one whose records nobody could see. */
static void test_calls_follow_their_thread(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change(&history, 110, 4, 0, 1, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    call(&history, 300, XPH_HYPERCALL_DOMCTL, 2, 0);
    change_thread(&history, 310, 0, THREAD, 0);
    change_thread(&history, 320, 1, 0, THREAD);
    record(&history, 330, 4, XPH_EVENT_HYPERCALL_V2, 1, XPH_HYPERCALL_DOMCTL, 0, 0);
    change(&history, 340, 4, 0, 1, XPH_RUNNING, XPH_RUNNABLE);
    change(&history, 360, 4, 0, 1, XPH_RUNNABLE, XPH_RUNNING);
    call_returns(&history, 1, 400, 0);
    assert_int_equal(history.span.records, 1);
    /* 300 to 310 and 320 to 400, but for 20 while the vCPU was preempted; in Xen from 330 on. */
    assert_int_equal(history.span.running_cycles, 70);
    assert_int_equal(history.span.xen_cycles, 50);
    change_thread(&history, 420, 1, THREAD, 0);
    change_thread(&history, 430, 0, 0, THREAD);
    record(&history, 450, 3, XPH_EVENT_LOST_RECORDS, 4, 5, 0, 410);
    call(&history, 500, XPH_HYPERCALL_DOMCTL, 2, 0);
    call_returns(&history, 0, 600, 0);
    assert_int_equal(history.spans, 2);
    assert_int_equal(history.tasks.join.calls, 2);
    assert_int_equal(history.tasks.join.checked, 1);
    assert_int_equal(history.tasks.join.joined, 1);
    assert_int_equal(history.tasks.join.unlike, 0);
    end(&history);
}

/* That records were lost is told after them. */
static void test_calls_in_a_gap_are_not_missed(void **state)
{
    struct history history;

    (void)state;
    begin(&history);
    change(&history, 100, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    change_thread(&history, 200, 0, 0, THREAD);
    call(&history, 210, XPH_HYPERCALL_DOMCTL, 2, 0);
    call_returns(&history, 0, 220, 0);
    call(&history, 310, XPH_HYPERCALL_DOMCTL, 2, 0);
    call_returns(&history, 0, 320, 0);
    call(&history, 380, XPH_HYPERCALL_DOMCTL, 2, 0);
    assert_int_equal(history.tasks.join.checked, 2);
    record(&history, 400, 3, XPH_EVENT_LOST_RECORDS, 4, 5, 0, 300);
    change(&history, 410, 3, 0, 0, XPH_RUNNABLE, XPH_RUNNING);
    call_returns(&history, 0, 420, 0);
    /* The first one was before the gap, and is missed. */
    assert_int_equal(history.tasks.join.calls, 3);
    assert_int_equal(history.tasks.join.checked, 1);
    assert_int_equal(history.tasks.join.joined, 0);
    end(&history);
}

static void wake(struct history *history, uint64_t tsc, uint16_t cpu, uint32_t waker,
                 uint32_t interrupt)
{
    struct xph_kernel_event event = {
        .tsc = tsc, .type = XPH_KERNEL_WAKING, .cpu = cpu, .pid = waker};

    event.waking.pid = THREAD;
    event.waking.interrupt = interrupt;
    take(history, &event);
}

static void sleep_or_not(struct history *history, uint64_t tsc, uint32_t state)
{
    struct xph_kernel_event event = {.tsc = tsc, .type = XPH_KERNEL_SWITCH, .pid = THREAD};

    event.schedule.previous_pid = THREAD;
    event.schedule.previous_state = state;
    take(history, &event);
}

static void test_waits_tell_who_woke(void **state)
{
    struct xph_kernel_event lost = {.tsc = 950, .type = XPH_KERNEL_LOST, .cpu = 1};
    struct history history;
    const struct xph_task_wait *wait = &history.wait;

    (void)state;
    begin(&history);
    change_thread(&history, 200, 0, 0, THREAD);
    sleep_or_not(&history, 300, 1);
    wake(&history, 400, 1, OTHER_THREAD, 0);
    /* A second one finds it woken. */
    wake(&history, 410, 0, 0, 1);
    change_thread(&history, 450, 0, 0, THREAD);
    assert_int_equal(history.waits, 1);
    assert_true(wait->woken && wait->whole && !wait->interrupt);
    assert_int_equal(wait->state, 1);
    assert_int_equal(wait->out_tsc, 300);
    assert_int_equal(wait->woken_tsc, 400);
    assert_int_equal(wait->in_tsc, 450);
    assert_int_equal(wait->waker, OTHER_THREAD);
    assert_int_equal(wait->waker_vcpu, 1);
    /* On its way to sleep it is woken, a moment before its CPU is given to another. */
    wake(&history, 460, 1, OTHER_THREAD, 0);
    sleep_or_not(&history, 465, 1);
    change_thread(&history, 475, 0, 0, THREAD);
    assert_true(wait->woken);
    assert_int_equal(wait->woken_tsc, 465);
    assert_int_equal(wait->waker, OTHER_THREAD);
    /* Preempted by dom0's own choice. */
    sleep_or_not(&history, 500, XPH_KERNEL_PREEMPTED);
    wake(&history, 550, 1, OTHER_THREAD, 0);
    change_thread(&history, 600, 0, 0, THREAD);
    assert_int_equal(wait->woken_tsc, 500);
    assert_int_equal(wait->waker, THREAD);
    sleep_or_not(&history, 700, 2);
    wake(&history, 800, 0, 0, 1);
    change_thread(&history, 900, 0, 0, THREAD);
    assert_true(wait->interrupt);
    assert_true(wait->whole);
    sleep_or_not(&history, 930, 1);
    take(&history, &lost);
    change_thread(&history, 990, 0, 0, THREAD);
    assert_false(wait->woken);
    assert_false(wait->whole);
    assert_int_equal(history.tasks.join.unwoken, 0);
    assert_int_equal(history.waits, 5);
    sleep_or_not(&history, 1000, 1);
    change_thread(&history, 1100, 0, 0, THREAD);
    assert_true(wait->whole);
    assert_int_equal(history.tasks.join.unwoken, 1);
    assert_int_equal(xph_dom0_task_on(&history.tasks, 0)->ready_cycles, 50 + 10 + 100 + 100);
    end(&history);
}

static void test_processes_come_and_go(void **state)
{
    struct xph_kernel_event event = {.tsc = 300, .type = XPH_KERNEL_FORK, .pid = THREAD};
    struct history history;
    const struct xph_task *child;
    struct xph_error err;

    (void)state;
    begin(&history);
    change_thread(&history, 200, 0, 0, THREAD);
    event.fork.child_pid = 800;
    strcpy(event.fork.child_name, "sh");
    take(&history, &event);
    change_thread(&history, 400, 0, THREAD, 800);
    event = (struct xph_kernel_event){.tsc = 500, .type = XPH_KERNEL_EXEC, .pid = 800};
    strcpy(event.exec.path, "/usr/lib/xen-4.17/bin/libxl-save-helper");
    take(&history, &event);
    child = xph_dom0_task_on(&history.tasks, 0);
    assert_int_equal(child->pid, 800);
    assert_int_equal(child->parent, THREAD);
    assert_true(child->forked && child->process && !child->ended);
    assert_int_equal(child->start_ns, 300);
    assert_string_equal(child->name, "libxl-save-help");
    event = (struct xph_kernel_event){.tsc = 600, .type = XPH_KERNEL_EXIT, .pid = 800};
    strcpy(event.exit.name, "libxl-save-help");
    take(&history, &event);
    change_thread(&history, 610, 0, 800, 0);
    assert_true(xph_dom0_tasks_kernel_over(&history.tasks, &err));
    child = xph_task_at(&history.tasks.table, xph_task_lookup(&history.tasks.table, 800));
    assert_true(child->ended);
    assert_int_equal(child->end_ns, 600);
    assert_int_equal(xph_task_cycles(child->cycles), 210);
    end(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preemption_names_who_held_the_pcpu),
        cmocka_unit_test(test_what_fell_into_a_gap_of_xens_is_not_told),
        cmocka_unit_test(test_what_fell_into_a_gap_of_the_kernels_is_nobodys),
        cmocka_unit_test(test_missing_switch_is_found),
        cmocka_unit_test(test_new_domain_is_learnt_from_xens_record),
        cmocka_unit_test(test_multicall_is_joined_as_one),
        cmocka_unit_test(test_calls_follow_their_thread),
        cmocka_unit_test(test_calls_in_a_gap_are_not_missed),
        cmocka_unit_test(test_waits_tell_who_woke),
        cmocka_unit_test(test_processes_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
