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

#include "recording/chunk_ring.h"
#include "recording/kernel_file.h"
#include "recording/number_list.h"
#include "recording/recording.h"
#include "recording/samples.h"
#include "recording/xenstore_events.h"
#include "tracer/domain_list.h"

static char directory[] = "/tmp/xenphase-test-XXXXXX";
static int dirfd_;

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    dirfd_ = open(directory, O_RDONLY | O_DIRECTORY);
    return dirfd_ >= 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {XPH_FILE_MANIFEST,
                                        XPH_FILE_TRACE,
                                        XPH_FILE_TRACE XPH_INDEX_SUFFIX,
                                        XPH_FILE_XENSTORE,
                                        XPH_FILE_XENSTORE XPH_INDEX_SUFFIX,
                                        "manifest.json.next"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlinkat(dirfd_, names[i], 0);
    close(dirfd_);
    return rmdir(directory);
}

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

static void write_file(const char *name, const void *data, size_t size)
{
    int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
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

static void write_chunks(void)
{
    struct xph_chunk_writer writer;
    struct xph_error err;

    unlinkat(dirfd_, XPH_FILE_TRACE, 0);
    unlinkat(dirfd_, XPH_FILE_TRACE XPH_INDEX_SUFFIX, 0);
    assert_true(xph_chunk_writer_open(&writer, dirfd_, XPH_FILE_TRACE, &err));
    for (unsigned i = 0; i < 100; i++) {
        char bytes[100];
        struct iovec iov[2] = {{bytes, 60}, {bytes + 60, 40}};

        memset(bytes, (int)i, sizeof(bytes));
        assert_true(xph_chunk_writer_append(&writer, iov, 2, &err));
    }
    assert_true(xph_chunk_writer_close(&writer, &err));
}

static struct xph_chunk_check check_chunks(void)
{
    struct xph_mapped_file file;
    struct xph_chunk_check check;
    struct xph_error err;

    assert_true(xph_map_file(dirfd_, XPH_FILE_TRACE, &file, &err));
    assert_true(xph_chunk_check(dirfd_, XPH_FILE_TRACE, &file, &check, &err));
    xph_unmap_file(&file);
    return check;
}

static void test_flipped_bit_is_located(void **state)
{
    int fd = -1;
    struct xph_chunk_check check;

    (void)state;
    write_chunks();
    check = check_chunks();
    assert_true(check.has_index && check.covered_bytes == 10000 && check.damaged_chunks == 0);
    fd = openat(dirfd_, XPH_FILE_TRACE, O_WRONLY);
    assert_int_equal(pwrite(fd, "\x80", 1, 4242), 1);
    close(fd);
    check = check_chunks();
    assert_int_equal(check.damaged_chunks, 1);
    assert_int_equal(check.first_damage, 4200);
}

static void test_missing_end_is_counted(void **state)
{
    int fd;
    struct xph_chunk_check check;

    (void)state;
    write_chunks();
    fd = openat(dirfd_, XPH_FILE_TRACE, O_WRONLY);
    assert_int_equal(ftruncate(fd, 9950), 0);
    close(fd);
    check = check_chunks();
    assert_int_equal(check.missing_bytes, 50);
    assert_int_equal(check.damaged_chunks, 0);
}

enum { RING_CHUNKS = 4000, RING_CHUNK_BYTES = 1000, RING_KEPT_BYTES = 200000, RING_HEAD = 8 };

/* A ring of chunks, each filled with its number; its head is "headhead". */
static void write_ring(bool damaged)
{
    struct xph_chunk_ring ring = {.keep_bytes = RING_KEPT_BYTES, .head_bytes = RING_HEAD};
    struct xph_chunk_writer writer;
    struct iovec head = {(char *)(uintptr_t) "headhead", RING_HEAD};
    struct xph_error err;

    unlinkat(dirfd_, XPH_FILE_TRACE, 0);
    unlinkat(dirfd_, XPH_FILE_TRACE XPH_INDEX_SUFFIX, 0);
    assert_true(xph_chunk_writer_open(&writer, dirfd_, XPH_FILE_TRACE, &err));
    assert_true(xph_chunk_writer_append(&writer, &head, 1, &err));
    for (uint32_t i = 0; i < RING_CHUNKS; i++) {
        uint32_t numbers[RING_CHUNK_BYTES / sizeof(uint32_t)];
        struct iovec iov = {numbers, sizeof(numbers)};

        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
            numbers[n] = i;
        assert_true(xph_chunk_writer_append(&writer, &iov, 1, &err));
        assert_true(xph_chunk_ring_trim(&ring, &writer, &err));
    }
    if (damaged)
        assert_int_equal(pwrite(writer.fd, "!", 1, (off_t)writer.offset - 1), 1);
    assert_true(xph_chunk_writer_close(&writer, &err));
}

static void test_ring_keeps_the_head_and_the_end(void **state)
{
    struct xph_mapped_file file;
    struct xph_chunk_check check;
    struct xph_error err;
    struct stat status;
    uint32_t first, last;

    (void)state;
    assert_true(xph_chunk_ring_possible(dirfd_, &err));
    write_ring(false);
    assert_int_equal(fstatat(dirfd_, XPH_FILE_TRACE, &status, 0), 0);
    assert_in_range(status.st_blocks * 512, RING_KEPT_BYTES, RING_KEPT_BYTES * 5 / 4);
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, NULL, &err));
    check = check_chunks();
    assert_int_equal(check.damaged_chunks, 0);
    assert_int_equal(check.covered_bytes, check.file_bytes);
    assert_true(xph_map_file(dirfd_, XPH_FILE_TRACE, &file, &err));
    assert_in_range(file.size, RING_KEPT_BYTES, RING_KEPT_BYTES * 5 / 4);
    assert_int_equal((file.size - RING_HEAD) % RING_CHUNK_BYTES, 0);
    assert_memory_equal(file.data, "headhead", RING_HEAD);
    memcpy(&first, file.data + RING_HEAD, sizeof(first));
    memcpy(&last, file.data + file.size - sizeof(last), sizeof(last));
    assert_int_equal(last, RING_CHUNKS - 1);
    assert_int_equal(first, RING_CHUNKS - (file.size - RING_HEAD) / RING_CHUNK_BYTES);
    xph_unmap_file(&file);
    /* Once more: there is no hole now. */
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, NULL, &err));
    assert_int_equal(check_chunks().file_bytes, check.file_bytes);
}

/* As a recorder leaves it that is killed between the making of a file and of its index. */
static void test_file_without_a_whole_index_has_no_hole(void **state)
{
    struct xph_error err;
    bool had_hole = true;

    (void)state;
    write_ring(false);
    assert_int_equal(unlinkat(dirfd_, XPH_FILE_TRACE XPH_INDEX_SUFFIX, 0), 0);
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, &had_hole, &err));
    assert_false(had_hole);
    write_file(XPH_FILE_TRACE XPH_INDEX_SUFFIX, "XPH", 3);
    had_hole = true;
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, &had_hole, &err));
    assert_false(had_hole);
}

static void test_damage_in_a_ring_stays_visible(void **state)
{
    struct xph_error err;

    (void)state;
    write_ring(true);
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, NULL, &err));
    assert_int_equal(check_chunks().damaged_chunks, 1);
}

static void read_file(const char *name, char **data, size_t *size)
{
    struct xph_mapped_file file;
    struct xph_error err;

    assert_true(xph_map_file(dirfd_, name, &file, &err));
    *data = malloc(file.size);
    *size = file.size;
    memcpy(*data, file.data, file.size);
    xph_unmap_file(&file);
}

/* As a killed recorder leaves it: the new file is in place, its index is not. */
static void test_ring_killed_between_the_two_renames_keeps_all(void **state)
{
    char *old_index, *kept, *again;
    size_t old_index_size, kept_size, again_size;
    struct xph_error err;
    bool had_hole = false;

    (void)state;
    write_ring(false);
    read_file(XPH_FILE_TRACE XPH_INDEX_SUFFIX, &old_index, &old_index_size);
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, NULL, &err));
    read_file(XPH_FILE_TRACE, &kept, &kept_size);
    assert_int_equal(renameat(dirfd_, XPH_FILE_TRACE XPH_INDEX_SUFFIX, dirfd_,
                              XPH_FILE_TRACE ".next" XPH_INDEX_SUFFIX),
                     0);
    write_file(XPH_FILE_TRACE XPH_INDEX_SUFFIX, old_index, old_index_size);
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, &had_hole, &err));
    assert_true(had_hole);
    read_file(XPH_FILE_TRACE, &again, &again_size);
    assert_int_equal(again_size, kept_size);
    assert_memory_equal(again, kept, kept_size);
    assert_int_equal(check_chunks().covered_bytes, kept_size);
    assert_int_equal(check_chunks().damaged_chunks, 0);
    free(old_index);
    free(kept);
    free(again);
}

static void test_ring_killed_while_it_is_rewritten_keeps_all(void **state)
{
    struct xph_error err;

    (void)state;
    write_ring(false);
    write_file(XPH_FILE_TRACE ".next", "half", 4);
    write_file(XPH_FILE_TRACE ".next" XPH_INDEX_SUFFIX, "XPH", 3);
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, RING_HEAD, NULL, &err));
    assert_in_range(check_chunks().covered_bytes, RING_KEPT_BYTES, RING_KEPT_BYTES * 5 / 4);
    assert_int_equal(check_chunks().damaged_chunks, 0);
}

enum { CRAFTED_ENTRIES = 1000, CRAFTED_BYTES = 50000, CRAFTED_HOLE = 1 << 30 };

/* Synthetic: an index after whose hole every entry names the whole file again. */
static void test_index_cannot_multiply_a_ring(void **state)
{
    struct {
        char magic[8];
        struct xph_chunk_entry entries[CRAFTED_ENTRIES];
    } index = {"", {{0, 0, 0, 0}}};
    char *bytes = calloc(1, CRAFTED_BYTES);
    struct xph_error err;
    int fd;

    (void)state;
    memcpy(index.magic, "XPHIDX02", sizeof(index.magic));
    for (size_t i = 1; i < CRAFTED_ENTRIES; i++)
        index.entries[i] = (struct xph_chunk_entry){.length = CRAFTED_BYTES};
    write_file(XPH_FILE_TRACE, bytes, CRAFTED_BYTES);
    write_file(XPH_FILE_TRACE XPH_INDEX_SUFFIX, &index, sizeof(index));
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, 0, NULL, &err));
    assert_in_range(check_chunks().file_bytes, 1, CRAFTED_BYTES);

    /* And one whose entry covers a hole that takes no space. */
    write_file(XPH_FILE_TRACE, bytes, CRAFTED_BYTES);
    fd = openat(dirfd_, XPH_FILE_TRACE, O_WRONLY);
    assert_int_equal(ftruncate(fd, CRAFTED_HOLE), 0);
    close(fd);
    index.entries[1].length = CRAFTED_HOLE;
    write_file(XPH_FILE_TRACE XPH_INDEX_SUFFIX, &index, sizeof(index));
    assert_true(xph_chunk_ring_close(dirfd_, XPH_FILE_TRACE, 0, NULL, &err));
    assert_in_range(check_chunks().file_bytes, CRAFTED_BYTES, CRAFTED_BYTES + (1 << 16));
    free(bytes);
}

/* Synthetic: a recorder's parts, one of them nothing but a hole. */
static void test_part_of_kernel_events_with_a_hole_is_not_written_out(void **state)
{
    struct xph_error err;
    int fd;

    (void)state;
    write_file(XPH_FILE_KERNEL_HEAD, "head", 4);
    write_file("dom0.cpu0", "", 0);
    fd = openat(dirfd_, "dom0.cpu0", O_WRONLY);
    assert_int_equal(ftruncate(fd, CRAFTED_HOLE), 0);
    close(fd);
    assert_false(xph_kernel_parts_join(dirfd_, &err));
    assert_non_null(strstr(err.text, "hole"));
    assert_true(xph_kernel_parts_left(dirfd_));
    assert_int_not_equal(faccessat(dirfd_, XPH_FILE_KERNEL, F_OK, 0), 0);
    /* Without it they are joined. */
    write_file("dom0.cpu0", "", 0);
    assert_true(xph_kernel_parts_join(dirfd_, &err));
    assert_false(xph_kernel_parts_left(dirfd_));
    unlinkat(dirfd_, XPH_FILE_KERNEL, 0);
    unlinkat(dirfd_, XPH_FILE_KERNEL XPH_INDEX_SUFFIX, 0);
}

static void test_samples_that_are_cut_or_too_small_end_the_reading(void **state)
{
    /* Synthetic: the magic, a record of a kind that is not known, one whose size is a lie. */
    struct {
        char magic[8];
        struct xph_sample_header unknown, gone, lie;
    } bytes = {"", {99, 16, 0, 1}, {XPH_SAMPLE_DOMAIN_GONE, 16, 5, 2}, {XPH_SAMPLE_HOST, 16, 0, 3}};
    struct xph_sample_reader reader;
    struct xph_mapped_file file = {(const uint8_t *)&bytes, sizeof(bytes)};
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
            struct xph_mapped_file copy = {bytes, size};
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
        cmocka_unit_test(test_flipped_bit_is_located),
        cmocka_unit_test(test_missing_end_is_counted),
        cmocka_unit_test(test_ring_keeps_the_head_and_the_end),
        cmocka_unit_test(test_file_without_a_whole_index_has_no_hole),
        cmocka_unit_test(test_damage_in_a_ring_stays_visible),
        cmocka_unit_test(test_ring_killed_between_the_two_renames_keeps_all),
        cmocka_unit_test(test_ring_killed_while_it_is_rewritten_keeps_all),
        cmocka_unit_test(test_index_cannot_multiply_a_ring),
        cmocka_unit_test(test_part_of_kernel_events_with_a_hole_is_not_written_out),
        cmocka_unit_test(test_xenstore_events_come_back),
        cmocka_unit_test(test_xenstore_events_cut_or_flipped_stay_in_bounds),
        cmocka_unit_test(test_samples_that_are_cut_or_too_small_end_the_reading),
    };

    return cmocka_run_group_tests_name("recording", tests, make_directory, remove_directory);
}
