/* What domains are called. Synthetic: numbers are given again as Xen gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tracer/xenstore_names.h"

static void test_name_is_that_of_the_domain_that_lived_then(void **state)
{
    struct xenstore_names names = {0};

    (void)state;
    xenstore_names_set(&names, 7, "first");
    xenstore_names_end(&names, 7, 100);
    xenstore_names_set(&names, 7, "second");
    xenstore_names_end(&names, 8, 100);
    assert_string_equal(xenstore_names_find(&names, 7, 50), "first");
    assert_string_equal(xenstore_names_find(&names, 7, 100), "first");
    assert_string_equal(xenstore_names_find(&names, 7, 101), "second");
    assert_null(xenstore_names_find(&names, 8, 50));
    xenstore_names_free(&names);
    assert_null(xenstore_names_find(&names, 7, 50));
}

static void test_last_name_of_a_domain_counts(void **state)
{
    struct xenstore_names names = {0};

    (void)state;
    xenstore_names_set(&names, 7, "incoming");
    xenstore_names_set(&names, 7, "moved");
    assert_string_equal(xenstore_names_find(&names, 7, 1), "moved");
    assert_int_equal(names.count, 1);
    xenstore_names_free(&names);
}

static void test_of_too_many_the_first_that_is_gone_is_forgotten(void **state)
{
    struct xenstore_names names = {0};

    (void)state;
    xenstore_names_set(&names, 1, "lives");
    for (uint32_t domid = 2; domid <= 9000; domid++) {
        xenstore_names_set(&names, domid, "gone");
        xenstore_names_end(&names, domid, domid);
    }
    assert_in_range(names.count, 1, 8192);
    assert_string_equal(xenstore_names_find(&names, 1, 9000), "lives");
    assert_null(xenstore_names_find(&names, 2, 1));
    assert_string_equal(xenstore_names_find(&names, 9000, 1), "gone");
    xenstore_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_is_that_of_the_domain_that_lived_then),
        cmocka_unit_test(test_last_name_of_a_domain_counts),
        cmocka_unit_test(test_of_too_many_the_first_that_is_gone_is_forgotten),
    };

    return cmocka_run_group_tests_name("xenstore names", tests, NULL, NULL);
}
