/* Which disks are recorded to, and when a recording ends for want of space on them. Synthetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tracer/disk_guard.h"

#define MIB (UINT64_C(1) << 20)

static const struct xph_disk_space roomy = {.kind = "ext4", .free_bytes = 1000 * MIB};

static void test_memory_is_refused_but_on_demand(void **state)
{
    struct disk_rules rules = {.reserve_bytes = 10 * MIB};
    struct xph_disk_space space = roomy;
    struct xph_error err;

    (void)state;
    assert_true(disk_guard_start(&rules, 0, &space, "x.xph", &err));
    xph_disk_space_kind(0x01021994, &space); /* TMPFS_MAGIC */
    assert_string_equal(space.kind, "tmpfs");
    assert_false(disk_guard_start(&rules, 0, &space, "x.xph", &err));
    assert_non_null(strstr(err.text, "x.xph would be in memory (tmpfs)"));
    assert_non_null(strstr(err.text, "--allow-tmpfs"));
    rules.allow_memory = true;
    assert_true(disk_guard_start(&rules, 0, &space, "x.xph", &err));
}

static void test_too_small_a_disk_is_refused_with_both_sizes(void **state)
{
    const struct disk_rules rules = {.reserve_bytes = 100 * MIB};
    struct xph_disk_space space = roomy;
    struct xph_error err;

    (void)state;
    space.free_bytes = (100 + LEAST_ROOM_MIB) * MIB;
    assert_true(disk_guard_start(&rules, 0, &space, "x.xph", &err));
    space.free_bytes--;
    assert_false(disk_guard_start(&rules, 0, &space, "x.xph", &err));
    assert_non_null(strstr(err.text, "115 MiB are free"));
    assert_non_null(strstr(err.text, "116 MiB are needed, 100 of which stay free"));
    assert_non_null(strstr(err.text, "--reserve-mib"));
}

static void test_ring_needs_room_for_its_rewriting(void **state)
{
    const struct disk_rules rules = {.reserve_bytes = 100 * MIB};
    struct xph_error err;

    (void)state;
    assert_int_equal(disk_guard_wanted(&rules, 500 * MIB), (100 + LEAST_ROOM_MIB + 1000) * MIB);
    assert_false(disk_guard_start(&rules, 500 * MIB, &roomy, "x.xph", &err));
    assert_non_null(strstr(err.text, "--ring"));
}

static void test_recording_ends_below_the_reserve(void **state)
{
    struct disk_rules rules = {.reserve_bytes = 100 * MIB};
    struct xph_disk_space space = roomy;

    (void)state;
    space.free_bytes = 100 * MIB;
    assert_false(disk_guard_low(&rules, &space));
    space.free_bytes--;
    assert_true(disk_guard_low(&rules, &space));
    rules.reserve_bytes = space.free_bytes = 0;
    assert_false(disk_guard_low(&rules, &space));
}

static void test_unknown_kind_is_told_by_its_number(void **state)
{
    struct xph_disk_space space = {.in_memory = true};

    (void)state;
    xph_disk_space_kind(0x12345678, &space);
    assert_string_equal(space.kind, "0x12345678");
    assert_false(space.in_memory);
    assert_int_equal(xph_disk_space_mib(1), 1);
    assert_int_equal(xph_disk_space_mib(2 * MIB), 2);
}

static void test_file_without_room_for_its_last_form_is_unfinished(void **state)
{
    struct xph_disk_space space = roomy;
    struct xph_error err;

    (void)state;
    space.free_bytes = 41 * MIB;
    assert_true(xph_disk_space_suffices(&space, 40 * MIB, "dom0.dat", &err));
    assert_false(xph_disk_space_suffices(&space, 40 * MIB + 1, "dom0.dat", &err));
    assert_int_equal(err.errnum, XPH_UNFINISHED);
    assert_string_equal(err.text,
                        "dom0.dat wants 42 MiB of disk space for its last form, and 41 are free");
}

static void test_system_answers(void **state)
{
    struct xph_disk_space space = {.free_bytes = 0};
    struct xph_error err;
    int fd = open("/proc", O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_true(xph_disk_space_ask(fd, &space, &err));
    assert_string_equal(space.kind, "0x9fa0"); /* PROC_SUPER_MAGIC */
    assert_int_equal(space.free_bytes, UINT64_MAX);
    close(fd);
    assert_false(xph_disk_space_ask(fd, &space, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_refused_but_on_demand),
        cmocka_unit_test(test_too_small_a_disk_is_refused_with_both_sizes),
        cmocka_unit_test(test_ring_needs_room_for_its_rewriting),
        cmocka_unit_test(test_recording_ends_below_the_reserve),
        cmocka_unit_test(test_unknown_kind_is_told_by_its_number),
        cmocka_unit_test(test_file_without_room_for_its_last_form_is_unfinished),
        cmocka_unit_test(test_system_answers),
    };

    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
