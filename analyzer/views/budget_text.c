#include "analyzer/views/budget_text.h"

#include <inttypes.h>

#include "analyzer/views/report.h"
#include "analyzer/views/terminal_text.h"

enum {
    NAME_WIDTH = 26,
    LAYER_WIDTH = 12,
    SHOWN_PER_MILLE = 20, /* of its phase; smaller entries are summed up */
    SHOWN_ENTRIES = 8,    /* of a phase */
};

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static uint64_t phase_length(const struct xph_operation *operation, size_t p)
{
    return operation->phases[p].end_ns - operation->phases[p].start_ns;
}

void xph_operation_title_text(FILE *out, const struct xph_operation *operation)
{
    fprintf(out, "%s of domain %u", xph_operation_kind_name(operation->kind), operation->domid);
    if (operation->target_domid != XPH_NO_DOMAIN)
        fprintf(out, " to domain %u", operation->target_domid);
}

void xph_budget_line_text(FILE *out, const struct xph_operation *operation,
                          const struct xph_operation_budget *budget)
{
    fprintf(out, "  %.3f s =", seconds(xph_operation_sum_ns(operation)));
    for (size_t p = 0; p < operation->phase_count; p++) {
        fputs(p == 0 ? " " : " + ", out);
        xph_print_text(out, operation->phases[p].name);
        fprintf(out, " %.3f", seconds(phase_length(operation, p)));
    }
    if (!budget->unknown)
        fprintf(out, "; unexplained %.3f",
                seconds(xph_budget_layer_ns(&budget->budget, &budget->path, XPH_MAX_PHASES,
                                            XPH_LAYER_UNEXPLAINED)));
    fputs("\n\n", out);
}

static void print_owner(FILE *out, const struct xph_owner *owner)
{
    fprintf(out, "%-*s", LAYER_WIDTH, xph_layer_name(owner->layer));
    if (owner->actor[0] != '\0')
        fputc(' ', out);
    xph_print_text(out, owner->actor);
    if (owner->activity[0] == '\0')
        return;
    fputs(": ", out);
    xph_print_text(out, owner->activity);
}

static void print_entry(FILE *out, uint64_t ns, uint64_t whole)
{
    fprintf(out, "  %*s %9.3f s %5.1f %%  ", NAME_WIDTH, "", seconds(ns),
            whole == 0 ? 0 : 100.0 * (double)ns / (double)whole);
}

/* The phase's entries, the largest first; returns the position after them. */
static size_t print_phase(FILE *out, const struct xph_budget *budget,
                          const struct xph_owned_path *path, size_t at, size_t p, uint64_t length)
{
    uint64_t rest = 0;
    size_t shown = 0, summed = 0;

    for (; at < budget->count && budget->entries[at].phase == p; at++) {
        const struct xph_budget_entry *entry = &budget->entries[at];

        if (shown == SHOWN_ENTRIES || entry->ns * 1000 < length * SHOWN_PER_MILLE) {
            rest += entry->ns;
            summed++;
            continue;
        }
        shown++;
        print_entry(out, entry->ns, length);
        print_owner(out, &path->owners[entry->owner]);
        fputc('\n', out);
    }
    if (summed > 0) {
        print_entry(out, rest, length);
        fprintf(out, "%zu smaller one%s\n", summed, summed == 1 ? "" : "s");
    }
    return at;
}

void xph_budget_text(FILE *out, const struct xph_operation *operation,
                     const struct xph_operation_budget *budget)
{
    size_t at = 0;

    if (budget->unknown) {
        fprintf(out, "\n  whose the time was is not known: %s\n\n", budget->unknown);
        return;
    }
    fputs("\n  what the operation waited for (critical path)\n", out);
    for (size_t p = 0; p < operation->phase_count; p++) {
        uint64_t length = phase_length(operation, p);

        fputs("  ", out);
        xph_print_padded_text(out, operation->phases[p].name, NAME_WIDTH);
        fprintf(out, " %9.3f s\n", seconds(length));
        at = print_phase(out, &budget->budget, &budget->path, at, p, length);
    }
    fputc('\n', out);
}

void xph_downtime_text(FILE *out, const struct xph_operation *operation,
                       const struct xph_operation_budget *budget)
{
    const struct xph_stretch *downtime = &operation->downtime;
    uint64_t length = downtime->end_ns - downtime->start_ns;

    if (!downtime->known)
        return;
    fprintf(out, "  %-*s %9.3f s  the guest stood still from %.3f s to %.3f s\n", NAME_WIDTH,
            "downtime", seconds(length), seconds(downtime->start_ns - operation->start_ns),
            seconds(downtime->end_ns - operation->start_ns));
    print_phase(out, &budget->downtime, &budget->path, 0, 0, length);
    fputc('\n', out);
}

void xph_critical_path_text(FILE *out, const struct xph_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct xph_operation *operation = &report->operations[i];
        const struct xph_owned_path *path = &report->budgets[i].path;
        size_t p = 0;

        xph_operation_title_text(out, operation);
        fputc('\n', out);
        if (report->budgets[i].unknown)
            fprintf(out, "whose the time was is not known: %s\n", report->budgets[i].unknown);
        for (size_t j = 0; j < path->count; j++) {
            const struct xph_owned_piece *piece = &path->pieces[j];

            while (p + 1 < operation->phase_count && operation->phases[p].end_ns <= piece->start_ns)
                p++;
            fprintf(out, "%12.6f %10.6f  ", seconds(piece->start_ns - operation->start_ns),
                    seconds(piece->end_ns - piece->start_ns));
            xph_print_padded_text(out, operation->phases[p].name, NAME_WIDTH);
            fputc(' ', out);
            print_owner(out, &path->owners[piece->owner]);
            fputc('\n', out);
        }
    }
}

/* In a stack, ; parts the frames and the last space the count. */
static void print_frame(FILE *out, const char *text)
{
    char frame[XPH_OWNER_TEXT_BYTES];
    size_t i;

    for (i = 0; text[i] != '\0' && i + 1 < sizeof(frame); i++)
        frame[i] = text[i] == ';' ? ',' : text[i];
    frame[i] = '\0';
    xph_print_text(out, frame);
}

void xph_folded_stacks_text(FILE *out, const struct xph_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct xph_operation *operation = &report->operations[i];
        const struct xph_operation_budget *budget = &report->budgets[i];

        for (size_t j = 0; j < budget->budget.count; j++) {
            const struct xph_budget_entry *entry = &budget->budget.entries[j];
            const struct xph_owner *owner = &budget->path.owners[entry->owner];

            fprintf(out, "%s d%u;", xph_operation_kind_name(operation->kind), operation->domid);
            print_frame(out, operation->phases[entry->phase].name);
            fprintf(out, ";%s", xph_layer_name(owner->layer));
            if (owner->actor[0] != '\0') {
                fputc(';', out);
                print_frame(out, owner->actor);
            }
            if (owner->activity[0] != '\0') {
                fputc(';', out);
                print_frame(out, owner->activity);
            }
            fprintf(out, " %" PRIu64 "\n", entry->ns / 1000);
        }
    }
}
