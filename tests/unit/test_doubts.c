/* What a recording's manifest tells of losses is told to who reads its views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analyzer/timeline/doubts.h"
#include "recording/kernel_file.h"
#include "tests/unit/scratch.h"

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

static const char unfinished[] = "the recorder could not finish its files: xenphase repair does, "
                                 "where there is room for it";

static void test_ring_whose_hole_was_not_taken_out_wants_repair(void **state)
{
    struct xph_recording recording = whole_recording();
    struct xph_doubts doubts = {0};

    (void)state;
    recording.manifest.ring_bytes = 1 << 20;
    recording.samples_check.file_bytes = 4096;
    xph_doubts_of_recording(&doubts, &recording);
    assert_int_equal(doubts.count, 2);
    assert_string_equal(doubts.text[0], unfinished);
}

static void test_kernel_events_in_parts_want_repair(void **state)
{
    struct xph_recording recording = whole_recording();

    (void)state;
    recording.dirfd = dirfd_;
    write_file(XPH_FILE_KERNEL_HEAD, "", 0);
    expect_doubt(&recording, unfinished);
    unlinkat(dirfd_, XPH_FILE_KERNEL_HEAD, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_recording_has_no_doubt),
        cmocka_unit_test(test_what_probes_missed_is_a_doubt),
        cmocka_unit_test(test_ring_whose_hole_was_not_taken_out_wants_repair),
        cmocka_unit_test(test_kernel_events_in_parts_want_repair),
    };

    return cmocka_run_group_tests_name("doubts", tests, make_directory, remove_directory);
}
