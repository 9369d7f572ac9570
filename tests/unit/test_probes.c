/* What tracefs is told for the lines of a set of probes. The texts of tracefs are Linux's forms
 * (kernel/trace/trace_kprobe.c, trace.c) with made-up numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
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

/* What Linux 4.4 does not understand in a probe's arguments. */
static bool is_of_newer_kernels(const char *arguments)
{
    static const char *const newer[] = {"+u", "-u", "$arg", "$comm", "ustring", ":x", ":symbol"};

    for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
        if (strstr(arguments, newer[i]))
            return true;
    }
    return false;
}

/* Each line of our sets is one, and the last of a name, which is tried if no other is taken, is one
 * for Linux 4.4. */
static void check_set(const char *path)
{
    static const char *const kinds[] = {"event", "kprobe", "kretprobe", "uprobe", "uretprobe"};
    char text[1024], last[64] = "";
    FILE *in = fopen(path, "r");
    bool newer = false, known;

    assert_non_null(in);
    assert_non_null(fgets(text, sizeof(text), in));
    assert_int_equal(strncmp(text, "# ", 2), 0);
    while (fgets(text, sizeof(text), in)) {
        struct probe_line line;

        text[strcspn(text, "\n")] = '\0';
        if (text[0] == '#' || text[0] == '\0')
            continue;
        assert_true(probe_line_parse(text, &line));
        known = false;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
            known |= probe_line_is(&line, kinds[i]);
        assert_true(known);
        if (strcmp(line.name, last) != 0)
            assert_false(newer);
        snprintf(last, sizeof(last), "%s", line.name);
        newer = is_of_newer_kernels(line.arguments);
    }
    assert_false(newer);
    fclose(in);
}

static void test_each_probe_has_a_definition_for_linux_4_4(void **state)
{
    glob_t sets;

    (void)state;
    assert_int_equal(glob("probes/dom0/*.probes", 0, NULL, &sets), 0);
    assert_in_range(sets.gl_pathc, 7, 100);
    for (size_t i = 0; i < sets.gl_pathc; i++)
        check_set(sets.gl_pathv[i]);
    globfree(&sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_return_probe_of_the_kernel_follows_many_calls),
        cmocka_unit_test(test_other_probes_have_no_number_of_calls),
        cmocka_unit_test(test_old_kernel_is_told_no_number_of_calls),
        cmocka_unit_test(test_missed_calls_are_those_of_the_probe),
        cmocka_unit_test(test_each_probe_has_a_definition_for_linux_4_4),
    };

    return cmocka_run_group_tests_name("probes", tests, NULL, NULL);
}
