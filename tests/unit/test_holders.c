/* Who holds a file, found in the real /proc: this program does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/holders.h"

static void test_who_has_a_file_open_is_found_by_name_and_number(void **state)
{
    char path[] = "/tmp/xenphase-held-XXXXXX", wanted[64], text[256];
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    snprintf(wanted, sizeof(wanted), "test_holders (pid %d)", (int)getpid());
    assert_int_equal(holders_find("/proc", path + strlen("/tmp"), text, sizeof(text)), 1);
    assert_string_equal(text, wanted);
    close(fd);
    assert_int_equal(holders_find("/proc", path + strlen("/tmp"), text, sizeof(text)), 0);
    assert_string_equal(text, "");
    unlink(path);
}

static void test_many_holders_are_counted_and_their_list_is_cut(void **state)
{
    char path[] = "/tmp/xenphase-held-XXXXXX", text[8];
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(holders_find("/proc", path, text, sizeof(text)), 1);
    assert_string_equal(text, "test_ho");
    assert_int_equal(holders_find("/no/such/directory", path, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_a_file_open_is_found_by_name_and_number),
        cmocka_unit_test(test_many_holders_are_counted_and_their_list_is_cut),
    };

    return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
