#include "analyzer/views/dom0_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "analyzer/views/kernel_text.h"
#include "analyzer/views/terminal_text.h"

enum { NAME_WIDTH = 16 };

static const char cpu_columns[] =
    "        total      running    preempted      blocked      unknown        ready\n";

static void print_seconds(FILE *out, uint64_t ns)
{
    fprintf(out, "%5" PRIu64 ".%06" PRIu64, ns / 1000000000, ns % 1000000000 / 1000);
}

static void print_cycles(FILE *out, const struct xph_clock *clock, uint64_t cycles)
{
    fputc(' ', out);
    print_seconds(out, xph_clock_cycles_to_ns(clock, cycles));
}

/* Names are of at most 15 bytes; one with others than letters in it gets wider. */
static void print_name(FILE *out, const char *name)
{
    xph_print_padded_text(out, name[0] != '\0' ? name : "?", NAME_WIDTH);
}

static size_t shown(size_t count, size_t rows)
{
    return rows > 0 && rows < count ? rows : count;
}

static void print_left_out(FILE *out, size_t count, size_t rows, const char *what)
{
    if (count > shown(count, rows))
        fprintf(out, "  ... and %zu %s more (--top 0 shows all)\n", count - rows, what);
}

static void print_sources(FILE *out, const struct xph_joint *joint)
{
    fputs("source         events     first s      last s   clock\n", out);
    for (int i = 0; i < XPH_SOURCES; i++) {
        const struct xph_joint_source *source = &joint->sources[i];

        fprintf(out, "  %-9s", xph_source_name((enum xph_source)i));
        if (!source->present || source->events == 0) {
            fputs("          none\n", out);
            continue;
        }
        fprintf(out, "%10" PRIu64, source->events);
        print_cycles(out, &joint->clock,
                     source->first_tsc > joint->clock.start_tsc
                         ? source->first_tsc - joint->clock.start_tsc
                         : 0);
        print_cycles(out, &joint->clock,
                     source->last_tsc > joint->clock.start_tsc
                         ? source->last_tsc - joint->clock.start_tsc
                         : 0);
        if (i == XPH_SOURCE_XEN)
            fputs("   Xen's, by which all is told\n", out);
        else
            fprintf(out, "   within %" PRIu64 " us%s\n", source->error_ns / 1000,
                    i >= XPH_SOURCE_XENSTORE ? ", and told later than it happened" : "");
    }
}

static void print_join(FILE *out, const struct xph_join_check *join, bool traced)
{
    fprintf(out,
            "\n%" PRIu64 " hypercalls of dom0's threads; of %" PRIu64
            " Xen's record was to be expected between entry and return, and is there for %" PRIu64
            "\n",
            join->calls, join->checked, join->joined);
    if (traced)
        fprintf(out,
                "%" PRIu64 " records of domctl and sysctl by dom0, %" PRIu64
                " of them within such a hypercall\n",
                join->records, join->records_joined);
    else
        fputs("Xen was not asked to record hypercalls\n", out);
}

static void print_cpu_times(FILE *out, const struct xph_clock *clock,
                            const uint64_t cycles[XPH_TASK_STATES], uint64_t ready_cycles)
{
    const uint64_t columns[] = {xph_task_cycles(cycles),
                                cycles[XPH_RUNNING],
                                cycles[XPH_RUNNABLE],
                                cycles[XPH_BLOCKED],
                                cycles[XPH_OFFLINE] + cycles[XPH_LOST],
                                ready_cycles};

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        print_cycles(out, clock, columns[i]);
        fputc(i + 1 < sizeof(columns) / sizeof(columns[0]) ? ' ' : '\n', out);
    }
}

static bool print_programs(FILE *out, const struct xph_clock *clock,
                           const struct xph_task_table *table, size_t rows, struct xph_error *err)
{
    struct xph_program_tally *programs;
    size_t count;

    if (!xph_program_tallies(table, &programs, &count, err))
        return false;
    fprintf(
        out,
        "\ndom0's vCPUs by program, seconds (preempted: dom0 would have run it, and Xen did not "
        "run the vCPU;\nready, not in the total: it could run, and dom0 ran others)\n"
        "  program           threads %s",
        cpu_columns);
    for (size_t i = 0; i < shown(count, rows); i++) {
        fputs("  ", out);
        print_name(out, programs[i].name);
        fprintf(out, " %8" PRIu64 " ", i < XPH_IDLE_TASK ? 0 : programs[i].tasks);
        print_cpu_times(out, clock, programs[i].cycles, programs[i].ready_cycles);
    }
    print_left_out(out, count, rows, "programs");
    free(programs);
    return true;
}

static int compare_tasks(const void *a, const void *b)
{
    const struct xph_task *first = *(const struct xph_task *const *)a;
    const struct xph_task *second = *(const struct xph_task *const *)b;
    uint64_t first_cycles = xph_task_cycles(first->cycles);
    uint64_t second_cycles = xph_task_cycles(second->cycles);

    if (first_cycles != second_cycles)
        return first_cycles > second_cycles ? -1 : 1;
    return first < second ? -1 : first > second;
}

bool xph_dom0_threads_text(FILE *out, const struct xph_clock *clock,
                           const struct xph_task_table *table, size_t rows, struct xph_error *err)
{
    const struct xph_task **sorted = calloc(table->count, sizeof(*sorted));

    if (!sorted)
        return xph_fail(err, "out of memory for %zu threads of dom0", table->count);
    for (size_t i = 0; i < table->count; i++)
        sorted[i] = &table->tasks[i];
    qsort(sorted, table->count, sizeof(*sorted), compare_tasks);
    fprintf(out, "\ndom0's vCPUs by thread, seconds\n  thread                pid %s", cpu_columns);
    for (size_t i = 0; i < shown(table->count, rows); i++) {
        fputs("  ", out);
        print_name(out, sorted[i]->name);
        fprintf(out, " %8" PRIu32 " ", sorted[i]->pid);
        print_cpu_times(out, clock, sorted[i]->cycles, sorted[i]->ready_cycles);
    }
    print_left_out(out, table->count, rows, "threads");
    free(sorted);
    return true;
}

static void print_holders(FILE *out, const struct xph_clock *clock,
                          const struct xph_dom0_tally *tally)
{
    if (tally->holder_count == 0)
        return;
    fputs("\nwho held the CPU where a vCPU of dom0 could run and did not, seconds\n"
          "  holder           with a thread    just woken\n",
          out);
    for (size_t i = 0; i < tally->holder_count; i++) {
        const struct xph_holder_tally *holder = &tally->holders[i];
        char name[24];

        if (!holder->known)
            snprintf(name, sizeof(name), "unknown");
        else if (holder->domid == XPH_IDLE_DOMID)
            snprintf(name, sizeof(name), "nobody yet (idle)");
        else
            snprintf(name, sizeof(name), "d%u", holder->domid);
        fprintf(out, "  %-17s", name);
        print_cycles(out, clock, holder->thread_cycles);
        fputs("  ", out);
        print_cycles(out, clock, holder->idle_cycles);
        fputc('\n', out);
    }
}

static int compare_hypercalls(const void *a, const void *b)
{
    const struct xph_hypercall_tally *first = a, *second = b;

    if (first->cycles != second->cycles)
        return first->cycles > second->cycles ? -1 : 1;
    return first->calls < second->calls ? 1 : first->calls > second->calls ? -1 : 0;
}

static void print_hypercall(FILE *out, const struct xph_clock *clock,
                            const struct xph_hypercall_tally *kind)
{
    char target[64], domain[16] = "-";

    xph_hypercall_target_text(&kind->target, target, sizeof(target));
    if (kind->target.domid != XPH_NO_DOMAIN)
        snprintf(domain, sizeof(domain), "d%u", kind->target.domid);
    fputs("  ", out);
    print_name(out, kind->name);
    fprintf(out, " %-34s %-6s %8" PRIu64 " %8" PRIu64 " %6" PRIu64, target, domain, kind->calls,
            kind->records, kind->failed);
    print_cycles(out, clock, kind->cycles);
    print_cycles(out, clock, kind->xen_cycles);
    fprintf(out, " %10.1f %10.1f\n",
            (double)xph_clock_cycles_to_ns(clock, kind->cycles) / 1000 / (double)kind->calls,
            (double)xph_clock_cycles_to_ns(clock, kind->longest_cycles) / 1000);
}

static void print_hypercalls(FILE *out, const struct xph_clock *clock, struct xph_dom0_tally *tally,
                             size_t rows)
{
    fputs("\nhypercalls by program, command and domain, entry to return (records: Xen's, one more "
          "each time that a call\nwent on; in Xen: at most, as nothing records when it is left)\n"
          "  program          command                            domain    calls  records failed  "
          "    total s    in Xen s    mean us     max us\n",
          out);
    qsort(tally->hypercalls, tally->hypercall_count, sizeof(*tally->hypercalls),
          compare_hypercalls);
    for (size_t i = 0; i < shown(tally->hypercall_count, rows); i++)
        print_hypercall(out, clock, &tally->hypercalls[i]);
    print_left_out(out, tally->hypercall_count, rows, "kinds");
    if (tally->hypercalls_untold > 0)
        fprintf(out, "  ... and %" PRIu64 " calls of kinds beyond what is kept\n",
                tally->hypercalls_untold);
}

static void print_moment(FILE *out, bool known, uint64_t ns)
{
    fputc(' ', out);
    if (known)
        print_seconds(out, ns);
    else
        fputs("           -", out);
}

/* A pid that called exec is a process, and one that works on domains is worth a line. Of others
 * that came and went it is not known whether they are threads, and they are only counted. */
static void print_lives(FILE *out, const struct xph_clock *clock,
                        const struct xph_task_table *table, size_t rows)
{
    size_t processes = 0, others = 0;

    fputs("\nprocesses that began or ended, and threads that called Xen, seconds\n"
          "  program               pid   parent        start          end      CPU time    calls\n",
          out);
    for (size_t i = XPH_IDLE_TASK; i < table->count; i++) {
        const struct xph_task *task = &table->tasks[i];

        if (!task->forked && !task->ended && !task->process)
            continue;
        if (!task->process && task->calls == 0) {
            others++;
            continue;
        }
        if (rows > 0 && processes++ >= rows)
            continue;
        fputs("  ", out);
        print_name(out, task->name);
        fprintf(out, " %8" PRIu32 " %8" PRIu32, task->pid, task->parent);
        print_moment(out, task->forked, task->start_ns);
        print_moment(out, task->ended, task->end_ns);
        fputc(' ', out);
        print_cycles(out, clock, xph_task_cycles(task->cycles));
        fprintf(out, " %8" PRIu64 "\n", task->calls);
    }
    if (rows > 0)
        print_left_out(out, processes, rows, "processes");
    if (others > 0)
        fprintf(out, "  and %zu threads or processes without a program of their own\n", others);
}

bool xph_dom0_text(FILE *out, const struct xph_joint *joint, const struct xph_dom0_tasks *tasks,
                   struct xph_dom0_tally *tally, size_t rows, struct xph_error *err)
{
    print_sources(out, joint);
    if (!joint->sources[XPH_SOURCE_KERNEL].present)
        return true;
    print_join(out, &tasks->join, tasks->hypercalls_traced);
    if (!print_programs(out, &joint->clock, &tasks->table, rows, err))
        return false;
    print_holders(out, &joint->clock, tally);
    print_hypercalls(out, &joint->clock, tally, rows);
    print_lives(out, &joint->clock, &tasks->table, rows);
    return true;
}
