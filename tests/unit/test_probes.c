/* What tracefs is told for the lines of a set of probes. The texts of tracefs are Linux's forms
 * (kernel/trace/trace_kprobe.c, trace.c) with made-up numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/probe_line.h"

static void expect_definition(const char *text, unsigned calls, const char *wanted)
{
    char copy[256], *definition;
    struct probe_line line;

    assert_true(strlen(text) < sizeof(copy));
    strcpy(copy, text);
    assert_true(probe_line_parse(copy, &line));
    definition = probe_line_definition(&line, line.where, calls);
    assert_string_equal(definition, wanted);
    free(definition);
}

static void test_return_probe_of_the_kernel_follows_many_calls(void **state)
{
    (void)state;
    expect_definition("kretprobe hypercall_end privcmd_ioctl result=$retval:s64", 512,
                      "r512:xenphase/hypercall_end privcmd_ioctl result=$retval:s64\n");
    expect_definition("kretprobe hypercall_end privcmd_ioctl", 0,
                      "r:xenphase/hypercall_end privcmd_ioctl \n");
}

static void test_other_probes_have_no_number_of_calls(void **state)
{
    (void)state;
    expect_definition("kprobe hypercall privcmd_ioctl cmd=%si:u32 op=+u0(%dx):u64", 512,
                      "p:xenphase/hypercall privcmd_ioctl cmd=%si:u32 op=+u0(%dx):u64\n");
    expect_definition("uprobe begin libx.so f", 512, "p:xenphase/begin libx.so \n");
    expect_definition("uretprobe end libx.so f result=$retval:s32", 512,
                      "r:xenphase/end libx.so result=$retval:s32\n");
}

static void test_old_kernel_is_told_no_number_of_calls(void **state)
{
    (void)state;
    assert_true(probe_line_can_count_calls("\t   Format: p[:[<group>/]<event>] <place> [<args>]\n"
                                           "\t           r[maxactive][:[<group>/]<event>] <place> "
                                           "[<args>]\n"));
    assert_false(probe_line_can_count_calls("\t   Format: p|r[:[<group>/]<event>] <place>\n"));
    assert_false(probe_line_can_count_calls(NULL));
}

static void test_missed_calls_are_those_of_the_probe(void **state)
{
    static const char profile[] =
        "  hypercall                                              1002               1\n"
        "  hypercall_end                                           995               7\n"
        "  hypercall_end_of_others                                   1              99\n";

    (void)state;
    assert_int_equal(probe_line_missed(profile, "hypercall_end"), 7);
    assert_int_equal(probe_line_missed(profile, "hypercall"), 1);
    assert_int_equal(probe_line_missed(profile, "xenbus_state"), 0);
    assert_int_equal(probe_line_missed("", "hypercall"), 0);
    assert_int_equal(probe_line_missed(NULL, "hypercall"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_return_probe_of_the_kernel_follows_many_calls),
        cmocka_unit_test(test_other_probes_have_no_number_of_calls),
        cmocka_unit_test(test_old_kernel_is_told_no_number_of_calls),
        cmocka_unit_test(test_missed_calls_are_those_of_the_probe),
    };

    return cmocka_run_group_tests_name("probes", tests, NULL, NULL);
}
