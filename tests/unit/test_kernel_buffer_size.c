/* The buffers of dom0's kernel events beside dom0's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracer/kernel_buffer_size.h"

#define GIB (UINT64_C(1) << 20) /* in KiB */

static void test_usual_dom0_has_what_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(kernel_buffer_kib(1 * GIB, 4), KERNEL_BUFFER_KIB);
    assert_int_equal(kernel_buffer_kib(64 * GIB, 128), KERNEL_BUFFER_KIB);
}

static void test_many_cpus_take_a_sixteenth_of_the_memory(void **state)
{
    (void)state;
    assert_int_equal(kernel_buffer_kib(4 * GIB, 256), 1024);
    assert_int_equal(kernel_buffer_kib(GIB / 2, 64), 512);
}

static void test_there_is_always_a_buffer(void **state)
{
    (void)state;
    assert_int_equal(kernel_buffer_kib(GIB / 4, 4096), KERNEL_BUFFER_SMALLEST_KIB);
    assert_int_equal(kernel_buffer_kib(0, 0), KERNEL_BUFFER_SMALLEST_KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_dom0_has_what_is_wanted),
        cmocka_unit_test(test_many_cpus_take_a_sixteenth_of_the_memory),
        cmocka_unit_test(test_there_is_always_a_buffer),
    };

    return cmocka_run_group_tests_name("kernel buffer size", tests, NULL, NULL);
}
