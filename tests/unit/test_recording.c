/* The recording's files: written, read back, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/number_list.h"
#include "recording/recording.h"
#include "recording/samples.h"
#include "recording/xenstore_events.h"
#include "tests/unit/scratch.h"
#include "tracer/domain_list.h"

static void test_manifest_comes_back_as_it_was_written(void **state)
{
    char *argv[] = {(char *)"xl", (char *)"create", (char *)"odd \xff\x1b name", NULL};
    struct xph_domain_info domain = {.domid = 7,
                                     .uuid = "u",
                                     .name = (char *)"\xff<b>",
                                     .type = "PVH",
                                     .vcpus = 2,
                                     .became_idle = true,
                                     .idle = {5, 6},
                                     .idle_error_ns = 7};
    struct xph_manifest out = {.state = XPH_STATE_INTERRUPTED,
                               .state_reason = (char *)"Interrupt",
                               .argv = argv,
                               .command_ended = true,
                               .exit_status = 3,
                               .command_start = {UINT64_C(1) << 62, 2},
                               .tsc_khz = 2599997,
                               .trace_mask = 0xffff000,
                               .domains = &domain,
                               .domain_count = 1};
    struct xph_manifest in;
    struct xph_error err;

    (void)state;
    assert_true(xph_manifest_reserve(dirfd_, &err));
    assert_true(xph_manifest_write(dirfd_, &out, &err));
    assert_true(xph_manifest_read(dirfd_, &in, &err));
    assert_int_equal(in.state, XPH_STATE_INTERRUPTED);
    assert_string_equal(in.state_reason, "Interrupt");
    assert_string_equal(in.argv[2], "odd \\xff\x1b name");
    assert_null(in.argv[3]);
    assert_int_equal(in.exit_status, 3);
    assert_true(in.command_start.tsc == UINT64_C(1) << 62);
    assert_int_equal(in.tsc_khz, 2599997);
    assert_int_equal(in.trace_mask, 0xffff000);
    assert_int_equal(in.domain_count, 1);
    assert_string_equal(in.domains[0].name, "\\xff<b>");
    assert_string_equal(in.domains[0].type, "PVH");
    assert_true(in.domains[0].became_idle && in.domains[0].idle.monotonic_ns == 6);
    assert_int_equal(in.domains[0].idle_error_ns, 7);
    xph_manifest_free(&in);
}

static void test_manifest_updated_on_the_way_keeps_the_space_set_aside(void **state)
{
    struct xph_manifest out = {.command_start = {7, 8}}, in;
    struct stat before, after;
    struct xph_error err;

    (void)state;
    assert_true(xph_manifest_reserve(dirfd_, &err));
    assert_int_equal(fstatat(dirfd_, "manifest.json.next", &before, 0), 0);
    assert_true(xph_manifest_update(dirfd_, &out, &err));
    assert_true(xph_manifest_read(dirfd_, &in, &err));
    assert_int_equal(in.command_start.tsc, 7);
    xph_manifest_free(&in);
    assert_int_equal(fstatat(dirfd_, "manifest.json.next", &after, 0), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(after.st_size, before.st_size);
}

/* All that a recorder keeps of what is gone, its longest numbers, and a few that live. */
static void test_largest_manifest_fits_the_space_set_aside(void **state)
{
    enum { DOMAINS = DOMAIN_LIST_MAX_PAST + 100 };
    struct xph_domain_info *domains = calloc(DOMAINS, sizeof(*domains));
    struct xph_trace_loss *losses = calloc(XPH_MAX_LOSSES, sizeof(*losses));
    struct xph_manifest out = {.domains = domains,
                               .domain_count = DOMAINS,
                               .trace_losses = losses,
                               .trace_loss_count = XPH_MAX_LOSSES};
    const uint64_t large = UINT64_C(1) << 60;
    struct stat reserved, written;
    struct xph_error err;

    (void)state;
    for (size_t i = 0; i < DOMAINS; i++)
        domains[i] = (struct xph_domain_info){
            .domid = 32000,
            .uuid = "c0ffee00-c0ff-c0ff-c0ff-c0ffee00c0ff",
            .name = (char *)"a-name-as-people-give-them-01",
            .type = "PVH",
            .vcpus = 128,
            .memory_kib = 1 << 30,
            .became_idle = true,
            .idle = {large, large},
            .idle_error_ns = large,
            .first_tsc = large,
            .gone_tsc = large,
        };
    for (size_t i = 0; i < XPH_MAX_LOSSES; i++)
        losses[i] = (struct xph_trace_loss){255, UINT32_MAX, large, large};
    assert_true(xph_manifest_reserve(dirfd_, &err));
    assert_int_equal(fstatat(dirfd_, "manifest.json.next", &reserved, 0), 0);
    assert_true(xph_manifest_write(dirfd_, &out, &err));
    assert_int_equal(fstatat(dirfd_, XPH_FILE_MANIFEST, &written, 0), 0);
    assert_in_range(written.st_size, 1, reserved.st_size);
    free(domains);
    free(losses);
}

static void test_domains_with_the_same_domid_are_told_apart_by_time(void **state)
{
    struct xph_domain_info domains[] = {
        {.domid = 7, .uuid = "first", .type = "", .gone_tsc = 100},
        {.domid = 7, .uuid = "second", .type = "", .first_tsc = 120, .gone_tsc = 200},
        {.domid = 7, .uuid = "third", .type = "", .first_tsc = 220},
    };
    struct xph_manifest out = {.domains = domains, .domain_count = 3, .dropped_domains = 9}, in;
    struct xph_error err;

    (void)state;
    assert_true(xph_manifest_write(dirfd_, &out, &err));
    assert_true(xph_manifest_read(dirfd_, &in, &err));
    assert_int_equal(in.dropped_domains, 9);
    assert_int_equal(in.domains[1].first_tsc, 120);
    assert_string_equal(xph_manifest_domain(&in, 7, 90)->uuid, "first");
    /* Made at 110, seen at 120. */
    assert_string_equal(xph_manifest_domain(&in, 7, 110)->uuid, "second");
    assert_string_equal(xph_manifest_domain(&in, 7, 200)->uuid, "second");
    assert_string_equal(xph_manifest_domain(&in, 7, 1000)->uuid, "third");
    assert_null(xph_manifest_domain(&in, 8, 90));
    xph_manifest_free(&in);
}

static void test_losses_at_the_end_come_back(void **state)
{
    struct xph_tail_loss tails[] = {{3, UINT64_C(1) << 40}, {5, 6}};
    struct xph_manifest out = {.trace_tail_loss = true,
                               .trace_tails = tails,
                               .trace_tail_count = 2,
                               .trace_unrecorded = (char *)"8-11"};
    struct xph_manifest in;
    struct xph_error err;

    (void)state;
    assert_true(xph_manifest_write(dirfd_, &out, &err));
    assert_true(xph_manifest_read(dirfd_, &in, &err));
    assert_true(in.trace_tail_loss);
    assert_int_equal(in.trace_tail_count, 2);
    assert_int_equal(in.trace_tails[0].pcpu, 3);
    assert_true(in.trace_tails[0].last_tsc == UINT64_C(1) << 40);
    assert_string_equal(in.trace_unrecorded, "8-11");
    xph_manifest_free(&in);
}

static void test_numbers_are_listed_as_ranges(void **state)
{
    static const uint32_t numbers[] = {0, 2, 3, 4, 9, 10};
    char text[32], short_text[12];

    (void)state;
    xph_number_list(text, sizeof(text), numbers, 6);
    assert_string_equal(text, "0, 2-4, 9-10");
    xph_number_list(short_text, sizeof(short_text), numbers, 6);
    assert_string_equal(short_text, "0, 2-4, ...");
    xph_number_list(text, sizeof(text), numbers, 0);
    assert_string_equal(text, "");
}

static void test_manifest_cut_at_every_byte_is_refused(void **state)
{
    struct xph_manifest manifest = {.argv = NULL};
    struct xph_mapped_file file;
    struct xph_error err;
    char *text;
    size_t size;

    (void)state;
    assert_true(xph_manifest_write(dirfd_, &manifest, &err));
    assert_true(xph_map_file(dirfd_, XPH_FILE_MANIFEST, &file, &err));
    size = file.size;
    text = malloc(size);
    memcpy(text, file.data, size);
    xph_unmap_file(&file);
    for (size_t cut = 0; cut < size; cut++) {
        write_file(XPH_FILE_MANIFEST, text, cut);
        assert_false(xph_manifest_read(dirfd_, &manifest, &err));
        assert_true(strlen(err.text) > 0);
        xph_manifest_free(&manifest);
    }
    free(text);
}

/* Synthetic: cut to the length of a UUID, the text would end within a letter of two bytes. */
static void test_domain_with_more_than_a_uuid_is_refused(void **state)
{
    static const char text[] =
        "{\"format\": \"xenphase recording\", \"schema\": 1, \"state\": \"complete\", "
        "\"domains\": [{\"domid\": 1, \"name\": null, \"uuid\": "
        "\"c0ffee00-c0ff-c0ff-c0ff-c0ffee00c0f\xc3\xa4\"}]}";
    struct xph_manifest in;
    struct xph_error err;

    (void)state;
    write_file(XPH_FILE_MANIFEST, text, sizeof(text) - 1);
    assert_false(xph_manifest_read(dirfd_, &in, &err));
    assert_string_equal(err.text, "manifest.json: domains[0] is not of the right kind");
    xph_manifest_free(&in);
}

static void test_samples_that_are_cut_or_too_small_end_the_reading(void **state)
{
    /* Synthetic: the magic, a record of a kind that is not known, one whose size is a lie. */
    struct {
        char magic[8];
        struct xph_sample_header unknown, gone, lie;
    } bytes = {"", {99, 16, 0, 1}, {XPH_SAMPLE_DOMAIN_GONE, 16, 5, 2}, {XPH_SAMPLE_HOST, 16, 0, 3}};
    struct xph_sample_reader reader;
    struct xph_mapped_file file = {(const uint8_t *)&bytes, sizeof(bytes), false};
    union xph_sample sample;
    struct xph_error err;

    (void)state;
    assert_false(xph_sample_reader_open(&reader, &file, &err));
    memcpy(bytes.magic, XPH_SAMPLES_MAGIC, sizeof(bytes.magic));
    assert_true(xph_sample_reader_open(&reader, &file, &err));
    assert_true(xph_sample_next(&reader, &sample));
    assert_int_equal(sample.header.type, XPH_SAMPLE_DOMAIN_GONE);
    assert_int_equal(sample.header.domid, 5);
    assert_false(xph_sample_next(&reader, &sample));
    assert_true(reader.damaged);
}

static void write_xenstore_events(void)
{
    static const struct xph_xenstore_event events[] = {
        {.tsc = 5, .path = "@introduceDomain", .path_bytes = 16},
        {.tsc = 6,
         .value_tsc = 7,
         .state = XPH_XENSTORE_VALUE,
         .path = "/local/domain/1/data/m",
         .path_bytes = 22,
         .value = "\0\x1b[m",
         .value_bytes = 4},
        {.tsc = 8,
         .value_tsc = 9,
         .state = XPH_XENSTORE_GONE,
         .path = "/local/domain/1/name",
         .path_bytes = 20},
    };
    struct xph_chunk_writer writer;
    struct xph_error err;

    assert_true(xph_xenstore_writer_open(&writer, dirfd_, &err));
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        assert_true(xph_xenstore_write(&writer, &events[i], &err));
    assert_true(xph_chunk_writer_close(&writer, &err));
}

static void test_xenstore_events_come_back(void **state)
{
    struct xph_xenstore_reader reader;
    struct xph_xenstore_event event;
    struct xph_mapped_file file;
    struct xph_error err;

    (void)state;
    write_xenstore_events();
    assert_true(xph_map_file(dirfd_, XPH_FILE_XENSTORE, &file, &err));
    assert_true(xph_xenstore_reader_open(&reader, &file, &err));
    assert_true(xph_xenstore_next(&reader, &event));
    assert_memory_equal(event.path, "@introduceDomain", event.path_bytes);
    assert_int_equal(event.state, XPH_XENSTORE_NOT_READ);
    assert_true(xph_xenstore_next(&reader, &event));
    assert_int_equal(event.value_tsc, 7);
    assert_int_equal(event.value_bytes, 4);
    assert_memory_equal(event.value, "\0\x1b[m", 4);
    assert_true(xph_xenstore_next(&reader, &event));
    assert_int_equal(event.state, XPH_XENSTORE_GONE);
    assert_false(xph_xenstore_next(&reader, &event));
    assert_false(reader.damaged);
    xph_unmap_file(&file);
}

static void test_xenstore_events_cut_or_flipped_stay_in_bounds(void **state)
{
    struct xph_mapped_file file;
    struct xph_error err;

    (void)state;
    assert_true(xph_map_file(dirfd_, XPH_FILE_XENSTORE, &file, &err));
    for (size_t at = 8; at < file.size; at++) {
        for (unsigned bit = 0; bit < 9; bit++) {
            /* On the heap, so that a reading beyond the end is seen. Bit 8: cut there. */
            size_t size = bit == 8 ? at : file.size;
            uint8_t *bytes = malloc(size);
            struct xph_mapped_file copy = {bytes, size, false};
            struct xph_xenstore_reader reader;
            struct xph_xenstore_event event;
            unsigned sum = 0, events = 0;

            memcpy(bytes, file.data, size);
            if (bit < 8)
                bytes[at] ^= (uint8_t)(1 << bit);
            assert_true(xph_xenstore_reader_open(&reader, &copy, &err));
            while (xph_xenstore_next(&reader, &event)) {
                events++;
                for (uint32_t i = 0; i < event.path_bytes; i++)
                    sum += (uint8_t)event.path[i];
                for (uint32_t i = 0; i < event.value_bytes; i++)
                    sum += (uint8_t)event.value[i];
            }
            assert_in_range(events, 0, 3);
            assert_true(sum > 0 || events == 0 || bit < 8);
            if (bit == 8)
                assert_true(reader.damaged == (reader.at != size));
            free(bytes);
        }
    }
    xph_unmap_file(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_comes_back_as_it_was_written),
        cmocka_unit_test(test_manifest_updated_on_the_way_keeps_the_space_set_aside),
        cmocka_unit_test(test_largest_manifest_fits_the_space_set_aside),
        cmocka_unit_test(test_domains_with_the_same_domid_are_told_apart_by_time),
        cmocka_unit_test(test_losses_at_the_end_come_back),
        cmocka_unit_test(test_numbers_are_listed_as_ranges),
        cmocka_unit_test(test_manifest_cut_at_every_byte_is_refused),
        cmocka_unit_test(test_xenstore_events_come_back),
        cmocka_unit_test(test_xenstore_events_cut_or_flipped_stay_in_bounds),
        cmocka_unit_test(test_domain_with_more_than_a_uuid_is_refused),
        cmocka_unit_test(test_samples_that_are_cut_or_too_small_end_the_reading),
    };

    return cmocka_run_group_tests_name("recording", tests, make_directory, remove_directory);
}
