/* The store: real recordings in it once, as a whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyzer/kernel/trace_dat.h"
#include "analyzer/store/add.h"
#include "analyzer/store/series.h"

static const char *const recordings[] = {"build/data/create-pv.xph",
                                         "build/data/destroy-dev-pv.xph"};

static char path[] = "/tmp/xenphase-store-XXXXXX";
static struct xph_store store;
static const struct xph_selection all;
static struct xph_error err;

static int open_store(void **state)
{
    int fd = mkstemp(strcpy(path, "/tmp/xenphase-store-XXXXXX"));

    (void)state;
    close(fd);
    return fd >= 0 && xph_store_open(&store, path, XPH_STORE_WRITE, &err) ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    xph_store_close(&store);
    return unlink(path);
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *statement = xph_store_prepare(&store, sql, &err);
    int64_t value;

    assert_non_null(statement);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static void add_all(bool known)
{
    struct xph_store_added added;

    for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
        assert_true(xph_store_add(&store, recordings[i], "plan", &added, &err));
        assert_int_equal(added.known, known);
        assert_string_equal(added.reason, "");
    }
}

static void test_recording_is_added_once(void **state)
{
    (void)state;
    add_all(false);
    add_all(true);
    assert_int_equal(number("SELECT count(*) FROM recording"), 2);
    assert_int_equal(number("SELECT count(*) FROM run"), 2);
    assert_int_equal(number("SELECT sum(ns) FROM rows WHERE operation = 'create'"), 10302878432);
    assert_int_equal(number("SELECT sum(ns) FROM rows WHERE operation = 'destroy'"), 7755227537);
}

/* A program ends in the middle of a transaction without a word. */
static void test_unfinished_transaction_leaves_nothing(void **state)
{
    pid_t child;
    int status;

    (void)state;
    add_all(false);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct xph_store other;

        if (!xph_store_open(&other, path, XPH_STORE_WRITE, &err) ||
            !xph_store_run(&other, "PRAGMA cache_size = 1; BEGIN IMMEDIATE; DELETE FROM part",
                           &err))
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(number("SELECT sum(ns) FROM rows WHERE operation = 'create'"), 10302878432);
    add_all(true);
}

struct seen {
    size_t groups, series;
    double whole, phases, layers; /* of the group that has layers */
};

static bool see_group(void *context, const struct xph_series_group *group, struct xph_error *error)
{
    struct seen *seen = context;

    (void)error;
    assert_int_equal(group->count, 1);
    *seen = (struct seen){.groups = seen->groups + 1};
    return true;
}

static bool see_series(void *context, const struct xph_series_group *group,
                       const struct xph_series *series, struct xph_error *error)
{
    struct seen *seen = context;

    (void)group;
    (void)error;
    seen->series++;
    if (*series->phase == '\0')
        seen->whole += series->values[0];
    else if (*series->layer == '\0')
        seen->phases += series->values[0];
    else
        seen->layers += series->values[0];
    return true;
}

static void test_series_of_layers_and_phases_add_up_to_the_whole(void **state)
{
    struct seen seen = {0};
    const struct xph_series_visitor visitor = {see_group, see_series, &seen};

    (void)state;
    if (!xph_trace_dat_worker)
        skip();
    add_all(false);
    assert_true(xph_series_each(&store, &all, &visitor, &err));
    assert_int_equal(seen.groups, 2);
    assert_true(seen.whole == 7755227537.0 && seen.phases == seen.whole);
    assert_true(seen.layers == seen.whole);
}

static void test_operations_of_one_recording_are_one_run(void **state)
{
    struct seen seen = {0};
    const struct xph_series_visitor visitor = {see_group, see_series, &seen};

    (void)state;
    if (!xph_trace_dat_worker)
        skip();
    add_all(false);
    assert_true(xph_store_run(&store,
                              "INSERT INTO run SELECT 9, recording, operation, ended_by, domain,"
                              " domain_type, vcpus, memory_kib, layered, wall_ns, reason FROM run"
                              " WHERE operation = 'destroy';"
                              "INSERT INTO part SELECT 9, position, phase, layer, 3 * ns FROM part"
                              " WHERE run = 2",
                              &err));
    assert_true(xph_series_each(&store, &all, &visitor, &err));
    assert_true(seen.whole == 2 * 7755227537.0 && seen.layers == seen.whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recording_is_added_once, open_store, close_store),
        cmocka_unit_test_setup_teardown(test_unfinished_transaction_leaves_nothing, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(test_series_of_layers_and_phases_add_up_to_the_whole,
                                        open_store, close_store),
        cmocka_unit_test_setup_teardown(test_operations_of_one_recording_are_one_run, open_store,
                                        close_store),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
