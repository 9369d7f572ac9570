/* What a recording's manifest tells of losses is told to who reads its views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analyzer/timeline/doubts.h"

static struct xph_recording whole_recording(void)
{
    return (struct xph_recording){
        .manifest = {.state = XPH_STATE_COMPLETE},
        .samples_check = {.has_index = true, .covered_bytes = 8, .file_bytes = 8}};
}

static void expect_doubt(const struct xph_recording *recording, const char *text)
{
    struct xph_doubts doubts = {0};

    xph_doubts_of_recording(&doubts, recording);
    assert_int_equal(doubts.count, 1);
    assert_string_equal(doubts.text[0], text);
}

static void test_whole_recording_has_no_doubt(void **state)
{
    const struct xph_recording recording = whole_recording();
    struct xph_doubts doubts = {0};

    (void)state;
    xph_doubts_of_recording(&doubts, &recording);
    assert_int_equal(doubts.count, 0);
}

static void test_what_probes_missed_is_a_doubt(void **state)
{
    struct xph_recording recording = whole_recording();

    (void)state;
    recording.manifest.kernel_missed_events = 7;
    expect_doubt(&recording, "dom0's kernel passed over 7 of what its probes should have told, "
                             "such as the ends of hypercalls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_recording_has_no_doubt),
        cmocka_unit_test(test_what_probes_missed_is_a_doubt),
    };

    return cmocka_run_group_tests_name("doubts", tests, NULL, NULL);
}
