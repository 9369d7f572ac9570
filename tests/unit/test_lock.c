/* The note that a recorder leaves for the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracer/lock.h"

static void test_mask_of_zero_is_something_left(void **state)
{
    (void)state;
    assert_true(recorder_lock_read_note("0x00000000\n").found);
    assert_int_equal(recorder_lock_read_note("0x00000000\n").mask, 0);
    assert_true(recorder_lock_read_note("0x0ffff000\n").found);
    assert_int_equal(recorder_lock_read_note("0x0ffff000\n").mask, 0x0ffff000);
}

static void test_empty_note_is_nothing_left(void **state)
{
    (void)state;
    assert_false(recorder_lock_read_note("").found);
    assert_int_equal(recorder_lock_read_note("").mask, 0);
    assert_false(recorder_lock_read_note("\n").found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_of_zero_is_something_left),
        cmocka_unit_test(test_empty_note_is_nothing_left),
    };

    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
