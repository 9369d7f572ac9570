/* Saves, restorations and migrations in real recordings (tests/data/README.md): where their phases
 * end, what they are made of, and that they add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "analyzer/views/report.h"
#include "tests/unit/text_recording.h"

#define MIGRATION        "build/data/migrate-pvh"
#define FAILED_MIGRATION "build/data/failed-migrate-pvh"
#define CREATION         "build/data/create-destroy-pvh"
#define SAVE             "build/data/save-pv"

enum {
    SENDER = 589,  /* the task that reads domain 3 out in MIGRATION */
    MS = 1000000,  /* ns */
    CLOSE_NS = MS, /* the phases below were found by hand, in ms */
};

struct told {
    struct text_recording text;
    struct xph_report report;
};

static void make_report(struct told *told)
{
    struct xph_report *report = &told->report;
    struct xph_timeline timeline;
    struct xph_error err = {0};

    report->shares = calloc(report->count + 1, sizeof(*report->shares));
    report->budgets = calloc(report->count + 1, sizeof(*report->budgets));
    assert_true(report->shares && report->budgets);
    assert_true(xph_timeline_open_recording(&timeline, &told->text.recording, NULL, &err));
    assert_true(xph_cpu_shares(report->operations, report->count,
                               told->text.recording.manifest.pcpus, &timeline, report->shares,
                               &err));
    xph_timeline_close(&timeline);
    for (size_t i = 0; i < report->count; i++)
        assert_true(xph_operation_budget_make(&report->operations[i], &told->text.evidence,
                                              report->manifest, &report->budgets[i], &err));
}

static struct told *tell(const char *directory, const struct text_part *part)
{
    struct told *told = calloc(1, sizeof(*told));
    struct xph_error err = {0};

    assert_non_null(told);
    text_recording_open(&told->text, directory, part);
    told->report.manifest = &told->text.recording.manifest;
    told->report.doubts = told->text.doubts;
    assert_true(xph_operations_find(&told->text.lives, told->report.manifest, &told->text.clock,
                                    &told->text.evidence, &told->report.operations,
                                    &told->report.count, &err));
    make_report(told);
    return told;
}

static struct told *tell_all(const char *directory)
{
    return tell(directory, &(struct text_part){0});
}

static void forget(struct told *told)
{
    for (size_t i = 0; i < told->report.count; i++)
        xph_operation_budget_close(&told->report.budgets[i]);
    free(told->report.operations);
    free(told->report.shares);
    free(told->report.budgets);
    text_recording_close(&told->text);
    free(told);
}

/* The only operation of its kind. */
static const struct xph_operation *only(const struct told *told, enum xph_operation_kind kind)
{
    const struct xph_operation *found = NULL;

    for (size_t i = 0; i < told->report.count; i++) {
        if (told->report.operations[i].kind != kind)
            continue;
        assert_null(found);
        found = &told->report.operations[i];
    }
    assert_non_null(found);
    return found;
}

struct wanted_phase {
    const char *name;
    unsigned end_ms; /* since the operation's start */
};

static void assert_phases(const struct xph_operation *operation, const struct wanted_phase *wanted,
                          size_t count)
{
    for (size_t i = 0; i < operation->phase_count && i < count; i++) {
        const struct xph_phase *phase = &operation->phases[i];
        uint64_t end_ns = phase->end_ns - operation->start_ns;

        assert_string_equal(phase->name, wanted[i].name);
        if (end_ns + CLOSE_NS < wanted[i].end_ms * (uint64_t)MS ||
            end_ns > wanted[i].end_ms * (uint64_t)MS + CLOSE_NS)
            fail_msg("%s ends at %" PRIu64 " ns", phase->name, end_ns);
    }
    assert_int_equal(operation->phase_count, count);
}

/* Phases follow each other, each has a source, and whose the time was adds up to each of them. */
static void assert_balances(const struct told *told, const struct xph_operation *operation)
{
    const struct xph_operation_budget *budget =
        &told->report.budgets[operation - told->report.operations];
    uint64_t at = operation->start_ns;

    assert_null(budget->unknown);
    for (size_t p = 0; p < operation->phase_count; p++) {
        uint64_t ns = 0;

        assert_int_equal(operation->phases[p].start_ns, at);
        at = operation->phases[p].end_ns;
        assert_non_null(xph_boundary_source_name(operation->phases[p].source));
        assert_non_null(xph_certainty_name(operation->phases[p].certainty));
        for (size_t i = 0; i < budget->budget.count; i++)
            ns += budget->budget.entries[i].phase == p ? budget->budget.entries[i].ns : 0;
        assert_int_equal(ns, at - operation->phases[p].start_ns);
    }
    assert_int_equal(at, operation->end_ns);
    assert_int_equal(xph_operation_sum_ns(operation), operation->end_ns - operation->start_ns);
    assert_true(
        xph_budget_layer_ns(&budget->budget, &budget->path, XPH_MAX_PHASES, XPH_LAYER_UNEXPLAINED) *
            50 <
        xph_operation_sum_ns(operation));
}

static const struct wanted_phase migration[] = {
    {"toolstack prepare", 413}, {"setup", 513},
    {"pre-copy round 1", 5815}, {"pre-copy round 2", 5838},
    {"pre-copy round 3", 5851}, {"suspend", 6073},
    {"stop-and-copy", 6120},    {"state", 6133},
    {"target's devices", 6554}, {"unpause", 6555},
    {"hand over", 6596},        {"source's devices", 6910},
    {"source's kill", 6958},    {"toolstack finish", 7000},
};

static void test_a_migration_is_one_operation(void **state)
{
    struct told *told = tell_all(MIGRATION);
    const struct xph_operation *operation = only(told, XPH_OPERATION_MIGRATE);

    (void)state;
    /* Neither a creation of the target, nor a destruction of the source. */
    assert_int_equal(told->report.count, 1);
    assert_int_equal(operation->domid, 3);
    assert_int_equal(operation->target_domid, 4);
    assert_false(operation->created.known);
    assert_true(operation->target_created.known);
    assert_null(operation->failure);
    assert_int_equal(operation->ended_by, XPH_END_PROCESS);
    assert_phases(operation, migration, sizeof(migration) / sizeof(migration[0]));
    assert_balances(told, operation);
    forget(told);
}

static void test_the_downtime_is_from_the_last_run_to_the_first(void **state)
{
    struct told *told = tell_all(MIGRATION);
    const struct xph_operation *operation = only(told, XPH_OPERATION_MIGRATE);
    const struct xph_budget *budget =
        &told->report.budgets[operation - told->report.operations].downtime;
    const struct xph_stretch *downtime = &operation->downtime;
    uint64_t ns = 0;

    (void)state;
    assert_true(downtime->known);
    assert_int_equal((downtime->end_ns - downtime->start_ns) / MS, 481);
    assert_int_equal(downtime->start_ns, operation->phases[5].end_ns);
    assert_int_equal(downtime->end_ns, operation->phases[9].end_ns);
    for (size_t i = 0; i < budget->count; i++)
        ns += budget->entries[i].ns;
    assert_int_equal(ns, downtime->end_ns - downtime->start_ns);
    forget(told);
}

/* Two domains are the operation's own: of the time that guests held CPUs nothing is others'. */
static void test_both_domains_of_a_migration_are_its_guest(void **state)
{
    struct told *told = tell_all(MIGRATION);
    const struct xph_operation *operation = only(told, XPH_OPERATION_MIGRATE);
    const struct xph_cpu_share *share = &told->report.shares[operation - told->report.operations];

    (void)state;
    for (size_t p = 0; p < operation->phase_count; p++)
        assert_int_equal(share->held_ns[p][XPH_HELD_BY_OTHERS], 0);
    assert_true(share->held_ns[5][XPH_HELD_BY_GUEST] > 0);
    assert_true(share->held_ns[10][XPH_HELD_BY_GUEST] > 0);
    forget(told);
}

static void test_sources_say_how_sure_they_are(void **state)
{
    struct told *told = tell_all(MIGRATION);
    const struct xph_operation *operation = only(told, XPH_OPERATION_MIGRATE);

    (void)state;
    assert_int_equal(operation->phases[0].source, XPH_BOUNDARY_HYPERCALL);
    assert_int_equal(operation->phases[4].source, XPH_BOUNDARY_XENSTORE);
    assert_int_equal(operation->phases[4].certainty, XPH_CERTAINTY_LATE);
    assert_int_equal(operation->phases[5].source, XPH_BOUNDARY_RUN_STATES);
    assert_int_equal(operation->phases[5].certainty, XPH_CERTAINTY_EXACT);
    /* Without xenstore the last round ends with the last that the reader does before the stop. */
    told->text.evidence.suspend_count = 0;
    free(told->report.operations);
    assert_true(xph_operations_find(&told->text.lives, told->report.manifest, &told->text.clock,
                                    &told->text.evidence, &told->report.operations,
                                    &told->report.count, &(struct xph_error){0}));
    operation = only(told, XPH_OPERATION_MIGRATE);
    assert_string_equal(operation->phases[4].name, "pre-copy round 3");
    assert_int_equal(operation->phases[4].source, XPH_BOUNDARY_HYPERCALL);
    assert_int_equal(operation->phases[4].certainty, XPH_CERTAINTY_EARLY);
    forget(told);
}

static const struct wanted_phase restoration[] = {
    {"toolstack prepare", 107},       {"domain object", 446},
    {"memory from the stream", 5827}, {"state from the stream", 5828},
    {"xenstore and devices", 6249},   {"unpause", 6249},
    {"toolstack finish", 6342},
};

/* The same recording without the sender's hypercalls, as on a host that only receives. */
static void test_a_domain_made_of_a_stream_is_no_creation(void **state)
{
    struct told *told = tell(MIGRATION, &(struct text_part){.deaf_to = SENDER});
    const struct xph_operation *operation = only(told, XPH_OPERATION_RESTORE);

    (void)state;
    assert_int_equal(told->report.count, 2);
    assert_int_equal(only(told, XPH_OPERATION_DESTROY)->domid, 3);
    assert_int_equal(operation->domid, 4);
    assert_true(operation->created.known);
    assert_int_equal(operation->target_domid, XPH_NO_DOMAIN);
    assert_false(operation->downtime.known);
    assert_phases(operation, restoration, sizeof(restoration) / sizeof(restoration[0]));
    assert_balances(told, operation);
    forget(told);
}

static void test_a_creation_stays_one(void **state)
{
    struct told *told = tell_all(CREATION);

    (void)state;
    assert_int_equal(told->report.count, 2);
    assert_int_equal(only(told, XPH_OPERATION_CREATE)->domid, 40);
    assert_int_equal(only(told, XPH_OPERATION_DESTROY)->domid, 40);
    forget(told);
}

static const struct wanted_phase save[] = {
    {"toolstack prepare", 236},
    {"setup", 267},
    {"suspend", 314},
    {"memory to the stream", 2122},
    {"state to the stream", 2129},
    {"end of the stream", 2171},
    {"device teardown", 2336},
    {"domain kill", 2387},
    {"toolstack finish", 2435},
};

static void test_a_save_is_one_operation(void **state)
{
    struct told *told = tell_all(SAVE);
    const struct xph_operation *operation = only(told, XPH_OPERATION_SAVE);

    (void)state;
    assert_int_equal(told->report.count, 1);
    assert_int_equal(operation->domid, 8);
    assert_true(operation->released.known);
    assert_false(operation->downtime.known);
    assert_null(operation->failure);
    assert_phases(operation, save, sizeof(save) / sizeof(save[0]));
    assert_balances(told, operation);
    forget(told);
}

static const struct wanted_phase failed_migration[] = {
    {"toolstack prepare", 666},
    {"setup", 928},
    {"pre-copy round 1 (failed)", 7182},
    {"giving up", 7345},
};

/* The guest crashed in the first round. What its toolstack's daemon then does to it is another
 * operation; the target, which never ran, was only the migration's. */
static void test_a_failed_migration_is_told_as_far_as_it_got(void **state)
{
    struct told *told = tell_all(FAILED_MIGRATION);
    const struct xph_operation *operation = only(told, XPH_OPERATION_MIGRATE);

    (void)state;
    assert_int_equal(operation->domid, 5);
    assert_int_equal(operation->target_domid, 6);
    assert_string_equal(operation->failure,
                        "broken off while memory was copied and the source ran on");
    assert_false(operation->downtime.known);
    assert_phases(operation, failed_migration,
                  sizeof(failed_migration) / sizeof(failed_migration[0]));
    assert_balances(told, operation);
    assert_int_equal(only(told, XPH_OPERATION_DESTROY)->domid, 5);
    assert_int_equal(only(told, XPH_OPERATION_CREATE)->domid, 7);
    forget(told);
}

static void assert_goes_on(const char *directory, enum xph_operation_kind kind, size_t trace_bytes,
                           const char *last)
{
    struct told *told = tell(directory, &(struct text_part){.trace_bytes = trace_bytes});
    const struct xph_operation *operation = only(told, kind);

    assert_int_equal(operation->ended_by, XPH_END_RECORDING);
    assert_string_equal(operation->failure, "it had not ended when the recording did");
    assert_string_equal(operation->phases[operation->phase_count - 1].name, last);
    assert_balances(told, operation);
    forget(told);
}

static void test_a_cut_recording_tells_where_it_was(void **state)
{
    (void)state;
    assert_goes_on(MIGRATION, XPH_OPERATION_MIGRATE, 400000, "pre-copy round 1 (goes on)");
    assert_goes_on(SAVE, XPH_OPERATION_SAVE, 50000, "memory to the stream (goes on)");
}

/* A recording may end before its command (--max-time): that the command returned later says nothing
 * of how far the operation had got. */
static void test_a_command_that_outlived_its_recording_did_not_fail(void **state)
{
    struct told *told = tell(MIGRATION, &(struct text_part){.trace_bytes = 400000});
    struct xph_manifest *manifest = &told->text.recording.manifest;
    const struct xph_clock *clock = &told->text.clock;
    const struct xph_operation *operation;

    (void)state;
    manifest->command_start.tsc = xph_clock_dom0_tsc(clock, 0);
    manifest->recording_end.tsc = xph_clock_dom0_tsc(clock, told->text.lives.last_ns);
    manifest->command_end.tsc = manifest->recording_end.tsc + TEXT_RECORDING_KHZ;
    manifest->command_ended = true;
    free(told->report.operations);
    assert_true(xph_operations_find(&told->text.lives, manifest, clock, &told->text.evidence,
                                    &told->report.operations, &told->report.count,
                                    &(struct xph_error){0}));
    operation = only(told, XPH_OPERATION_MIGRATE);
    assert_int_equal(operation->ended_by, XPH_END_RECORDING);
    assert_string_equal(operation->failure, "it had not ended when the recording did");
    forget(told);
}

/* Without dom0's kernel events it is the UUID that both domains have. */
static void test_twins_are_a_migration(void **state)
{
    struct told *told = tell_all(MIGRATION);
    struct xph_manifest *manifest = &told->text.recording.manifest;
    struct xph_domain_info twins[] = {{.domid = 3, .uuid = "u", .type = "PVH"},
                                      {.domid = 4, .uuid = "u", .type = "PVH"}};
    const struct xph_operation *operation;

    (void)state;
    manifest->domains = twins;
    manifest->domain_count = 2;
    free(told->report.operations);
    assert_true(xph_operations_find(&told->text.lives, manifest, &told->text.clock, NULL,
                                    &told->report.operations, &told->report.count,
                                    &(struct xph_error){0}));
    operation = only(told, XPH_OPERATION_MIGRATE);
    assert_int_equal(told->report.count, 1);
    assert_int_equal(operation->target_domid, 4);
    assert_int_equal((operation->downtime.end_ns - operation->downtime.start_ns) / MS, 481);
    assert_int_equal(operation->ended_by, XPH_END_REMOVED);
    assert_null(operation->failure);
    manifest->domains = NULL;
    manifest->domain_count = 0;
    forget(told);
}

/* A domid that is used again is another domain. */
static void test_a_domid_is_looked_up_with_its_time(void **state)
{
    uint32_t first[8] = {[7] = 1}, latest[8] = {[7] = 3};
    struct xph_domain_life lives[] = {
        {.domid = 7, .removed = {true, 100}},
        {.domid = 6},
        {.domid = 7, .added = {true, 200}, .removed = {true, 300}},
    };
    struct xph_domain_lives all = {.lives = lives, .count = 3, .first = first, .latest = latest};

    (void)state;
    assert_ptr_equal(xph_domain_life_at(&all, 7, 50), &lives[0]);
    assert_ptr_equal(xph_domain_life_at(&all, 7, 250), &lives[2]);
    assert_null(xph_domain_life_at(&all, 7, 150));
    assert_null(xph_domain_life_at(&all, 7, 350));
    assert_null(xph_domain_life_at(&all, 5, 50));
}

static char *view(const struct told *told, bool json)
{
    struct xph_error err = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (json) {
        assert_true(xph_report_json(out, &told->report, &err));
    } else {
        xph_report_text(out, &told->report, 100, false);
        xph_critical_path_text(out, &told->report);
        xph_folded_stacks_text(out, &told->report);
    }
    fclose(out);
    return text;
}

static void test_views_tell_of_a_migration(void **state)
{
    static const char *const wanted[] = {
        "migrate of domain 3 to domain 4\n",
        "7.001 s = toolstack prepare 0.413 + setup 0.100 + pre-copy round 1 5.302 + ",
        "  downtime                       0.481 s  the guest stood still from 6.073 s to 6.555 s\n",
        "pre-copy round 3           ends: the source is asked to suspend itself (control/shutdown) "
        "[xenstore, late]\n",
        "migrate d3;pre-copy round 1;hypervisor;domctl getpageframeinfo3 ",
    };
    struct told *told = tell_all(MIGRATION);
    char *text = view(told, false);

    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!strstr(text, wanted[i]))
            fail_msg("missing: %s", wanted[i]);
    }
    free(text);
    forget(told);
}

static json_int_t number_of(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static void test_json_tells_of_a_migration(void **state)
{
    struct told *told = tell_all(MIGRATION);
    char *text = view(told, true);
    json_t *root = json_loads(text, 0, NULL), *operation, *downtime, *entry, *phase;
    json_int_t ns = 0;
    size_t i;

    (void)state;
    assert_int_equal(number_of(root, "version"), 2);
    operation = json_array_get(json_object_get(root, "operations"), 0);
    assert_string_equal(json_string_value(json_object_get(operation, "kind")), "migrate");
    assert_int_equal(number_of(operation, "target_domid"), 4);
    assert_true(json_is_null(json_object_get(operation, "created_ns")));
    assert_true(number_of(operation, "target_created_ns") > 0);
    downtime = json_object_get(operation, "downtime");
    json_array_foreach(json_object_get(downtime, "budget"), i, entry) ns += number_of(entry, "ns");
    assert_int_equal(number_of(downtime, "length_ns"), ns);
    phase = json_array_get(json_object_get(operation, "phases"), 4);
    assert_string_equal(json_string_value(json_object_get(phase, "source")), "xenstore");
    assert_string_equal(json_string_value(json_object_get(phase, "certainty")), "late");
    json_decref(root);
    free(text);
    forget(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_migration_is_one_operation),
        cmocka_unit_test(test_the_downtime_is_from_the_last_run_to_the_first),
        cmocka_unit_test(test_both_domains_of_a_migration_are_its_guest),
        cmocka_unit_test(test_sources_say_how_sure_they_are),
        cmocka_unit_test(test_a_domain_made_of_a_stream_is_no_creation),
        cmocka_unit_test(test_a_creation_stays_one),
        cmocka_unit_test(test_a_save_is_one_operation),
        cmocka_unit_test(test_a_failed_migration_is_told_as_far_as_it_got),
        cmocka_unit_test(test_a_cut_recording_tells_where_it_was),
        cmocka_unit_test(test_a_command_that_outlived_its_recording_did_not_fail),
        cmocka_unit_test(test_twins_are_a_migration),
        cmocka_unit_test(test_a_domid_is_looked_up_with_its_time),
        cmocka_unit_test(test_views_tell_of_a_migration),
        cmocka_unit_test(test_json_tells_of_a_migration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
