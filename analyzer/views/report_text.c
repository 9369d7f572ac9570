#include <inttypes.h>

#include "analyzer/views/budget_text.h"
#include "analyzer/views/report.h"
#include "analyzer/views/terminal_text.h"

enum { NAME_WIDTH = 26, COLUMNS_BEFORE_BAR = NAME_WIDTH + 38, LONGEST_BAR = 40 };

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static void print_host(FILE *out, const struct xph_manifest *manifest)
{
    fputs("command   ", out);
    for (char **argument = manifest->argv; argument && *argument; argument++) {
        fputc(' ', out);
        xph_print_text(out, *argument);
    }
    if (manifest->command_ended)
        fprintf(out, "  (exit status %d)", manifest->exit_status);
    fputs("\nhost       Xen ", out);
    xph_print_text(out, manifest->xen_version ? manifest->xen_version : "?");
    fputs(", dom0 Linux ", out);
    xph_print_text(out, manifest->dom0_kernel ? manifest->dom0_kernel : "?");
    fprintf(out, ", %" PRIu32 " pCPUs, TSC %" PRIu64 ".%03" PRIu64 " MHz\n", manifest->pcpus,
            manifest->tsc_khz / 1000, manifest->tsc_khz % 1000);
    if (manifest->emulation) {
        fputs("emulated   the host ran under ", out);
        xph_print_text(out, manifest->emulation);
        fputs(": the order and the shares tell something, the times are not hardware's\n", out);
    }
}

static void print_title(FILE *out, const struct xph_operation *operation)
{
    const struct xph_domain_info *domain = operation->domain;

    fputc('\n', out);
    xph_operation_title_text(out, operation);
    if (domain && domain->name) {
        fputs(" \"", out);
        xph_print_text(out, domain->name);
        fputc('"', out);
    }
    if (domain && domain->vcpus > 0)
        fprintf(out, ", %s, %" PRIu32 " vCPUs, %" PRIu64 " MiB", domain->type, domain->vcpus,
                domain->memory_kib / 1024);
    fputc('\n', out);
}

static void print_bar(FILE *out, double share, unsigned room, bool colour)
{
    unsigned length = (unsigned)(share / 100 * room + 0.5);

    if (length == 0)
        return;
    fputs(colour ? " \033[36m" : " ", out);
    for (unsigned i = 0; i < length && i < room; i++)
        fputs("\u2588", out);
    if (colour)
        fputs("\033[0m", out);
}

static void print_phases(FILE *out, const struct xph_operation *operation, unsigned width,
                         bool colour)
{
    uint64_t sum = xph_operation_sum_ns(operation);
    unsigned room = width > COLUMNS_BEFORE_BAR + 10 ? width - COLUMNS_BEFORE_BAR : 10;

    if (room > LONGEST_BAR)
        room = LONGEST_BAR;
    fprintf(out, "  %-*s %10s %12s %8s\n", NAME_WIDTH, "phase", "start", "length", "share");
    for (size_t i = 0; i < operation->phase_count; i++) {
        const struct xph_phase *phase = &operation->phases[i];
        uint64_t length = phase->end_ns - phase->start_ns;

        fputs("  ", out);
        xph_print_padded_text(out, phase->name, NAME_WIDTH);
        fprintf(out, " %9.3f s %10.3f s %6.1f %%", seconds(phase->start_ns - operation->start_ns),
                seconds(length), percent(length, sum));
        print_bar(out, percent(length, sum), room, colour);
        fputc('\n', out);
    }
    fprintf(out, "  %-*s %11s %10.3f s\n", NAME_WIDTH, "sum", "", seconds(sum));
}

static void print_wall(FILE *out, const struct xph_operation *operation)
{
    double sum = seconds(xph_operation_sum_ns(operation)), wall = seconds(operation->wall.ns);

    if (!operation->wall.known) {
        fprintf(out, "  %-*s not measured\n", NAME_WIDTH, "wall time");
        return;
    }
    fprintf(out, "  %-*s %11s %10.3f s  difference %+.3f s, %+.2f %%\n", NAME_WIDTH,
            "wall time (dom0's clock)", "", wall, sum - wall,
            wall > 0 ? 100 * (sum - wall) / wall : 0);
}

/* As " [xenstore, late]". */
static void print_source(FILE *out, const struct xph_phase *phase)
{
    const char *source = xph_boundary_source_name(phase->source);
    const char *certainty = xph_certainty_name(phase->certainty);

    if (source && certainty)
        fprintf(out, " [%s, %s]", source, certainty);
}

static void print_ends(FILE *out, const struct xph_operation *operation)
{
    if (operation->failure)
        fprintf(out, "  not completed: %s\n", operation->failure);
    if (operation->returned.known)
        fprintf(out, "  the %s at %.3f s\n",
                operation->of_command ? "command returned" : "toolstack's process ended",
                seconds(operation->returned.ns - operation->start_ns));
    if (operation->released.known && operation->returned.known &&
        operation->released.ns > operation->returned.ns)
        fprintf(out, "  Xen dropped the domain's last reference %.3f s later\n",
                seconds(operation->released.ns - operation->returned.ns));
    for (size_t i = 0; i < operation->phase_count; i++) {
        fputs("  ", out);
        xph_print_padded_text(out, operation->phases[i].name, NAME_WIDTH);
        fprintf(out, " ends: %s", operation->phases[i].ends_with);
        print_source(out, &operation->phases[i]);
        fputc('\n', out);
    }
}

static void print_shares(FILE *out, const struct xph_operation *operation,
                         const struct xph_cpu_share *share, uint32_t pcpus)
{
    fprintf(out, "\n  who held the %" PRIu32 " CPUs", pcpus);
    fprintf(out, "%*s", NAME_WIDTH - 18, "");
    for (unsigned holder = 0; holder < XPH_CPU_HOLDERS; holder++)
        fprintf(out, " %9s", xph_cpu_holder_name(holder));
    fputc('\n', out);
    for (size_t p = 0; p < operation->phase_count; p++) {
        uint64_t whole = (operation->phases[p].end_ns - operation->phases[p].start_ns) * pcpus;

        fputs("  ", out);
        xph_print_padded_text(out, operation->phases[p].name, NAME_WIDTH);
        for (unsigned holder = 0; holder < XPH_CPU_HOLDERS; holder++)
            fprintf(out, " %7.1f %%", percent(share->held_ns[p][holder], whole));
        fputc('\n', out);
    }
    fputs("  Time in the hypervisor on behalf of dom0 or a guest is in its column: run states "
          "alone cannot tell\n"
          "  the two apart, and no guess is made.\n",
          out);
}

void xph_report_text(FILE *out, const struct xph_report *report, unsigned width, bool colour)
{
    print_host(out, report->manifest);
    for (size_t i = 0; i < report->count; i++) {
        const struct xph_operation *operation = &report->operations[i];

        print_title(out, operation);
        xph_budget_line_text(out, operation, &report->budgets[i]);
        print_phases(out, operation, width, colour);
        print_wall(out, operation);
        xph_budget_text(out, operation, &report->budgets[i]);
        xph_downtime_text(out, operation, &report->budgets[i]);
        print_ends(out, operation);
        print_shares(out, operation, &report->shares[i], report->manifest->pcpus);
    }
    fputc('\n', out);
    if (report->doubts.count == 0)
        fputs("lost records: none\n", out);
    for (size_t i = 0; i < report->doubts.count; i++) {
        fputs("in doubt: ", out);
        xph_print_text(out, report->doubts.text[i]);
        fputc('\n', out);
    }
}
