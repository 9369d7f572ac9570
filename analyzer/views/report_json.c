#include <jansson.h>

#include "analyzer/views/json_text.h"
#include "analyzer/views/report.h"

enum { REPORT_VERSION = 2 };

/* jansson takes UTF-8 only; the manifest's strings are that already, as they were read from JSON.
 */
static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();

    return value ? value : json_null();
}

static json_t *moment(const struct xph_moment *moment, uint64_t start_ns)
{
    return moment->known ? json_integer((json_int_t)(moment->ns - start_ns)) : json_null();
}

static json_t *budget_to_json(const struct xph_budget *budget, const struct xph_owned_path *path,
                              size_t phase)
{
    json_t *entries = json_array();

    for (size_t i = 0; i < budget->count; i++) {
        const struct xph_budget_entry *entry = &budget->entries[i];
        const struct xph_owner *owner = &path->owners[entry->owner];

        if (entry->phase == phase)
            json_array_append_new(entries, json_pack("{s:s, s:o, s:o, s:I, s:I}", "layer",
                                                     xph_layer_name(owner->layer), "actor",
                                                     xph_escaped_text(owner->actor), "activity",
                                                     xph_escaped_text(owner->activity), "ns",
                                                     (json_int_t)entry->ns, "pieces",
                                                     (json_int_t)entry->pieces));
    }
    return entries;
}

static json_t *downtime_to_json(const struct xph_operation *operation,
                                const struct xph_operation_budget *budget)
{
    const struct xph_stretch *downtime = &operation->downtime;

    if (!downtime->known)
        return json_null();
    return json_pack(
        "{s:I, s:I, s:o}", "start_ns", (json_int_t)(downtime->start_ns - operation->start_ns),
        "length_ns", (json_int_t)(downtime->end_ns - downtime->start_ns), "budget",
        budget->unknown ? json_null() : budget_to_json(&budget->downtime, &budget->path, 0));
}

static json_t *phase_to_json(const struct xph_operation *operation,
                             const struct xph_cpu_share *share,
                             const struct xph_operation_budget *budget, size_t p)
{
    const struct xph_phase *phase = &operation->phases[p];
    json_t *held = json_object();

    for (unsigned holder = 0; holder < XPH_CPU_HOLDERS; holder++)
        json_object_set_new(held, xph_cpu_holder_name(holder),
                            json_integer((json_int_t)share->held_ns[p][holder]));
    return json_pack(
        "{s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:o}", "name", xph_escaped_text(phase->name),
        "start_ns", (json_int_t)(phase->start_ns - operation->start_ns), "length_ns",
        (json_int_t)(phase->end_ns - phase->start_ns), "ends_with", phase->ends_with, "source",
        text_or_null(xph_boundary_source_name(phase->source)), "certainty",
        text_or_null(xph_certainty_name(phase->certainty)), "cpu_ns", held, "budget",
        budget->unknown ? json_null() : budget_to_json(&budget->budget, &budget->path, p));
}

static json_t *operation_to_json(const struct xph_operation *operation,
                                 const struct xph_cpu_share *share,
                                 const struct xph_operation_budget *budget)
{
    json_t *phases = json_array(), *object;
    const struct xph_domain_info *domain = operation->domain;

    for (size_t p = 0; p < operation->phase_count; p++)
        json_array_append_new(phases, phase_to_json(operation, share, budget, p));
    object = json_pack("{s:s, s:i, s:o, s:s, s:o, s:I}", "kind",
                       xph_operation_kind_name(operation->kind), "domid", (int)operation->domid,
                       "domain_name", text_or_null(domain ? domain->name : NULL), "domain_type",
                       domain ? domain->type : "", "phases", phases, "sum_ns",
                       (json_int_t)xph_operation_sum_ns(operation));
    json_object_set_new(object, "created_ns", moment(&operation->created, 0));
    json_object_set_new(object, "target_domid",
                        operation->target_domid == XPH_NO_DOMAIN
                            ? json_null()
                            : json_integer(operation->target_domid));
    json_object_set_new(object, "target_created_ns", moment(&operation->target_created, 0));
    json_object_set_new(object, "downtime", downtime_to_json(operation, budget));
    json_object_set_new(object, "wall_ns",
                        operation->wall.known ? json_integer((json_int_t)operation->wall.ns)
                                              : json_null());
    json_object_set_new(object, "command_returned_ns",
                        moment(&operation->returned, operation->start_ns));
    json_object_set_new(object, "released_ns", moment(&operation->released, operation->start_ns));
    json_object_set_new(object, "budget_unknown", text_or_null(budget->unknown));
    json_object_set_new(object, "unexplained_ns",
                        budget->unknown ? json_null()
                                        : json_integer((json_int_t)xph_budget_layer_ns(
                                              &budget->budget, &budget->path, XPH_MAX_PHASES,
                                              XPH_LAYER_UNEXPLAINED)));
    json_object_set_new(object, "failure", text_or_null(operation->failure));
    return object;
}

bool xph_report_json(FILE *out, const struct xph_report *report, struct xph_error *err)
{
    const struct xph_manifest *manifest = report->manifest;
    json_t *operations = json_array(), *doubts = json_array(), *argv = json_array(), *root;
    bool ok;

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(
            operations,
            operation_to_json(&report->operations[i], &report->shares[i], &report->budgets[i]));
    for (size_t i = 0; i < report->doubts.count; i++)
        json_array_append_new(doubts, text_or_null(report->doubts.text[i]));
    for (char **argument = manifest->argv; argument && *argument; argument++)
        json_array_append_new(argv, text_or_null(*argument));
    root = json_pack("{s:s, s:i, s:o, s:i, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "format",
                     "xenphase report", "version", REPORT_VERSION, "command", argv, "exit_status",
                     manifest->exit_status, "emulation", text_or_null(manifest->emulation),
                     "xen_version", text_or_null(manifest->xen_version), "dom0_kernel",
                     text_or_null(manifest->dom0_kernel), "pcpus", (json_int_t)manifest->pcpus,
                     "tsc_khz", (json_int_t)manifest->tsc_khz, "operations", operations, "doubts",
                     doubts);
    /* A terminal may take some characters beyond ASCII for commands. */
    ok = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
         fputc('\n', out) != EOF;
    json_decref(root);
    return ok || xph_fail(err, "cannot write the report as JSON");
}
