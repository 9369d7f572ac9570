/*
 * What dom0's kernel events say together with Xen's trace, on a recording of a destruction with
 * devices (build/data/destroy-dev-pv.xph, see tests/data/README.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/kernel/kernel_reader.h"
#include "analyzer/kernel/trace_dat.h"
#include "analyzer/machine/dom0_tally.h"
#include "analyzer/machine/host.h"
#include "analyzer/timeline/joint.h"

#define RECORDING "build/data/destroy-dev-pv.xph"
#include "tests/unit/recording.h"

/* Without the library there is nothing to test but that it says so. */
static void need_library(void)
{
    if (!xph_trace_dat_worker)
        skip();
}

/* What is followed while all of the recording is read. */
struct whole {
    struct xph_joint joint;
    struct xph_host host;
    struct xph_dom0_tally tally;
    uint64_t cycles[XPH_TASK_STATES]; /* of intervals */
    uint64_t disorder;
    uint64_t destroyed;       /* hypercalls that did so */
    uint64_t dom0_running_ns; /* by Xen's run states alone */
    uint64_t waits, unwoken, interrupts, ready_cycles;
};

static bool add_interval(void *context, const struct xph_task_interval *interval,
                         struct xph_error *err)
{
    struct whole *whole = context;

    assert_true(interval->end_tsc > interval->start_tsc);
    whole->cycles[interval->state] += interval->end_tsc - interval->start_tsc;
    return xph_dom0_tally_interval(&whole->tally, interval, err);
}

static bool add_wait(void *context, const struct xph_task *task, const struct xph_task_wait *wait,
                     struct xph_error *err)
{
    struct whole *whole = context;

    (void)err;
    assert_int_not_equal(task->pid, 0);
    assert_true(wait->out_tsc <= wait->woken_tsc && wait->woken_tsc <= wait->in_tsc);
    assert_true(wait->whole);
    whole->waits++;
    whole->unwoken += !wait->woken;
    whole->interrupts += wait->interrupt;
    whole->ready_cycles += wait->in_tsc - wait->woken_tsc;
    return true;
}

static bool add_runstate(void *context, const struct xph_runstate_interval *interval,
                         struct xph_error *err)
{
    struct whole *whole = context;

    (void)err;
    if (interval->domid == 0 && interval->state == XPH_RUNNING)
        whole->dom0_running_ns += interval->end_ns - interval->start_ns;
    return true;
}

static bool add_hypercall(void *context, const struct xph_task *task,
                          const struct xph_hypercall_span *span, struct xph_error *err)
{
    struct whole *whole = context;

    if (span->records > 0) {
        assert_true(span->entry_tsc <= span->record_tsc);
        assert_true(span->record_tsc <= span->return_tsc);
        assert_true(span->xen_cycles <= span->return_tsc - span->record_tsc);
    }
    if (span->target.op == XPH_HYPERCALL_DOMCTL && span->target.sub == 2) {
        assert_string_equal(task->name, "xl");
        assert_int_equal(span->target.domid, 5);
        assert_int_equal(span->result, 0);
        whole->destroyed++;
    }
    return xph_dom0_tally_hypercall(&whole->tally, task, span, err);
}

static struct whole *read_whole(void)
{
    struct whole *whole = calloc(1, sizeof(*whole));
    const struct xph_machine_observer machine_observer = {add_runstate, whole};
    const struct xph_dom0_observer observer = {add_interval, add_hypercall, add_wait, whole};
    struct xph_joint_event event;
    struct xph_error err;
    uint64_t last = 0;

    assert_non_null(whole);
    assert_true(xph_joint_open(&whole->joint, &recording, NULL, &err));
    assert_true(xph_dom0_tally_open(&whole->tally, &err));
    assert_true(xph_host_open(&whole->host, &whole->joint, &machine_observer, &observer, &err));
    while (xph_joint_next(&whole->joint, &event)) {
        whole->disorder += event.tsc < last;
        last = event.tsc;
        assert_true(xph_host_feed(&whole->host, &whole->joint, &event, &err));
    }
    assert_true(xph_host_finish(&whole->host, &whole->joint, &err));
    return whole;
}

static void free_whole(struct whole *whole)
{
    xph_host_close(&whole->host);
    xph_dom0_tally_close(&whole->tally);
    xph_joint_close(&whole->joint);
    free(whole);
}

static void test_sources_are_in_one_order(void **state)
{
    struct whole *whole = read_whole();
    const struct xph_joint_source *sources = whole->joint.sources;

    (void)state;
    assert_int_equal(whole->disorder, 0);
    assert_int_equal(sources[XPH_SOURCE_XEN].events, whole->joint.timeline.records);
    assert_int_equal(sources[XPH_SOURCE_XEN].events, 203577);
    assert_int_equal(sources[XPH_SOURCE_SAMPLES].events, 1075);
    assert_int_equal(sources[XPH_SOURCE_XENSTORE].events, 28);
    assert_int_equal(sources[XPH_SOURCE_CONSOLE].events, 12);
    free_whole(whole);
}

static void test_every_hypercall_encloses_the_record_of_it(void **state)
{
    struct whole *whole = read_whole();
    const struct xph_join_check *join = &whole->host.tasks.join;
    struct xph_doubts doubts = {0};

    (void)state;
    need_library();
    assert_int_equal(join->calls, 1218);
    assert_int_equal(join->checked, 1210);
    assert_int_equal(join->joined, 1210);
    assert_int_equal(join->records, 1197);
    assert_int_equal(join->records_joined, 1197);
    assert_int_equal(join->unlike, 0);
    assert_int_equal(whole->destroyed, 1);
    xph_host_doubts(&whole->host, &doubts);
    xph_joint_doubts(&whole->joint, &doubts);
    assert_int_equal(doubts.count, 0);
    free_whole(whole);
}

/* If dom0's clock were not Xen's, its hypercalls would not enclose anything: the check can fail. */
static void test_shifted_clock_is_found(void **state)
{
    struct xph_clock_pair right = recording.manifest.clock_offset;
    struct xph_doubts doubts = {0};
    struct whole *whole;

    (void)state;
    need_library();
    recording.manifest.clock_offset =
        (struct xph_clock_pair){.tried = true, .matched = true, .xen_minus_dom0 = 5000000};
    whole = read_whole();
    recording.manifest.clock_offset = right;
    assert_int_equal(whole->joint.clock.xen_minus_dom0, 5000000);
    assert_true(whole->host.tasks.join.joined < whole->host.tasks.join.checked / 2);
    xph_host_doubts(&whole->host, &doubts);
    assert_true(doubts.count > 0);
    assert_non_null(strstr(doubts.text[0], "do not enclose Xen's record"));
    free_whole(whole);
}

static void test_difference_within_its_error_is_none(void **state)
{
    struct whole *whole;

    (void)state;
    need_library();
    whole = read_whole();
    assert_int_equal(whole->joint.clock.xen_minus_dom0, 0);
    /* What the recorder measured is not 0, but not beyond its error either. */
    assert_int_not_equal(recording.manifest.clock_start.xen_minus_dom0, 0);
    assert_true(whole->joint.sources[XPH_SOURCE_KERNEL].error_ns > 0);
    free_whole(whole);
}

/* Every moment of each of dom0's CPUs, from its first event to the last of all, is some thread's.
 */
static void test_cpu_times_add_up(void **state)
{
    struct whole *whole = read_whole();
    const struct xph_dom0_tasks *tasks = &whole->host.tasks;
    uint64_t first[2] = {0}, span = 0, told = 0, by_task = 0, running = 0;
    static struct xph_kernel_reader reader;
    struct xph_kernel_event event;
    struct xph_error err;

    (void)state;
    need_library();
    assert_true(xph_kernel_reader_open(&reader, recording.dirfd, &err));
    while (xph_kernel_reader_next(&reader, &event)) {
        if (first[event.cpu] == 0)
            first[event.cpu] = event.tsc;
    }
    xph_kernel_reader_close(&reader);
    for (int i = 0; i < 2; i++)
        span += tasks->last_tsc - first[i];
    for (size_t i = 0; i < tasks->table.count; i++)
        by_task += xph_task_cycles(tasks->table.tasks[i].cycles);
    for (int i = 0; i < XPH_TASK_STATES; i++)
        told += whole->cycles[i];
    assert_int_equal(told, span);
    assert_int_equal(by_task, span);
    /* By Xen alone dom0 ran longer, by what lies before its vCPUs' first record. */
    running = xph_clock_cycles_to_ns(&whole->joint.clock, whole->cycles[XPH_RUNNING]);
    assert_true(running <= whole->dom0_running_ns);
    assert_true(whole->dom0_running_ns - running < running / 50);
    free_whole(whole);
}

/* Nobody sleeps, and then runs, without having been woken. */
static void test_every_sleeper_was_woken(void **state)
{
    struct whole *whole = read_whole();
    const struct xph_task_table *table = &whole->host.tasks.table;
    uint64_t ready = 0;

    (void)state;
    need_library();
    for (size_t i = 0; i < table->count; i++)
        ready += table->tasks[i].ready_cycles;
    assert_int_equal(ready, whole->ready_cycles);
    assert_int_equal(whole->unwoken, 0);
    assert_int_equal(whole->host.tasks.join.unwoken, 0);
    assert_int_equal(whole->host.tasks.join.wakings, 4480);
    assert_true(whole->waits > 5000);
    assert_true(whole->interrupts > 1000 && whole->interrupts < whole->waits);
    free_whole(whole);
}

static void write_log(int dirfd, const char *name, const char *text)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_console_lines_are_merged_and_bad_ones_counted(void **state)
{
    char path[] = "/tmp/xenphase-test-XXXXXX", command[64];
    struct xph_console_logs consoles;
    struct xph_console_log *console;
    static const char *const wanted[] = {"a", "before", "b b", "", "c", "e"};
    struct xph_error err;
    int dirfd, logs;
    size_t count = 0;
    uint64_t last = 0;

    (void)state;
    assert_non_null(mkdtemp(path));
    dirfd = open(path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(dirfd, "console", 0700), 0);
    logs = openat(dirfd, "console", O_RDONLY | O_DIRECTORY);
    write_log(logs, "1.log", "100 a\nno time\n99999999999999999999999 much\n300 \n400 c");
    write_log(logs, "20.log", "200 b b\n500\n");
    write_log(logs, "20.before.log", "150 before\n");
    write_log(logs, "other", "1 x\n");
    write_log(logs, "99999.log", "1 x\n");
    write_log(logs, "20.serial.log", "600 e\n");
    write_log(logs, "20.other.log", "1 x\n");
    assert_true(xph_console_logs_open(&consoles, dirfd, &err));
    assert_int_equal(consoles.count, 4);
    while ((console = xph_console_logs_first(&consoles))) {
        assert_true(count < 6);
        assert_int_equal(console->next.bytes, strlen(wanted[count]));
        assert_memory_equal(console->next.text, wanted[count], console->next.bytes);
        assert_int_equal(console->next.domid, count == 0 || count == 3 || count == 4 ? 1 : 20);
        assert_true(console->next.tsc > last);
        last = console->next.tsc;
        count++;
        xph_console_log_advance(console);
    }
    assert_int_equal(count, 6);
    assert_int_equal(consoles.logs[0].damaged, 2);
    /* Those of domain 20 by their first lines. */
    assert_int_equal(consoles.logs[1].damaged, 0);
    assert_int_equal(consoles.logs[2].damaged, 1);
    assert_int_equal(consoles.logs[3].damaged, 0);
    xph_console_logs_close(&consoles);
    close(logs);
    close(dirfd);
    snprintf(command, sizeof(command), "rm -r %s", path);
    assert_int_equal(system(command), 0);
}

/* A pid that is used again is another task; many tasks are all found. */
static void test_tasks_are_found_by_pid(void **state)
{
    struct xph_task_table table;
    struct xph_error err;
    uint32_t first, second, handle;

    (void)state;
    assert_true(xph_task_table_open(&table, &err));
    assert_true(xph_task_add(&table, 42, &first, &err));
    xph_task_rename(&table, first, "old");
    for (uint32_t pid = 1000; pid < 5000; pid++)
        assert_true(xph_task_find(&table, pid, &handle, &err));
    assert_int_equal(xph_task_lookup(&table, 42), first);
    assert_true(xph_task_add(&table, 42, &second, &err));
    for (uint32_t pid = 5000; pid < 9000; pid++)
        assert_true(xph_task_find(&table, pid, &handle, &err));
    assert_int_not_equal(first, second);
    assert_int_equal(xph_task_lookup(&table, 42), second);
    assert_string_equal(xph_task_at(&table, first)->name, "old");
    assert_int_equal(xph_task_lookup(&table, 0), XPH_IDLE_TASK);
    assert_int_equal(xph_task_lookup(&table, 41), 0);
    for (uint32_t pid = 1000; pid < 9000; pid++)
        assert_int_equal(xph_task_at(&table, xph_task_lookup(&table, pid))->pid, pid);
    xph_task_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources_are_in_one_order),
        cmocka_unit_test(test_every_hypercall_encloses_the_record_of_it),
        cmocka_unit_test(test_shifted_clock_is_found),
        cmocka_unit_test(test_difference_within_its_error_is_none),
        cmocka_unit_test(test_cpu_times_add_up),
        cmocka_unit_test(test_every_sleeper_was_woken),
        cmocka_unit_test(test_console_lines_are_merged_and_bad_ones_counted),
        cmocka_unit_test(test_tasks_are_found_by_pid),
    };

    return cmocka_run_group_tests_name("dom0", tests, open_recording, close_recording);
}
