/* Files in chunks with checksums: damaged, cut, and as rings of which only the end is kept. */
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
#include "tests/unit/scratch.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_bit_is_located),
        cmocka_unit_test(test_missing_end_is_counted),
        cmocka_unit_test(test_ring_keeps_the_head_and_the_end),
        cmocka_unit_test(test_file_without_a_whole_index_has_no_hole),
        cmocka_unit_test(test_damage_in_a_ring_stays_visible),
        cmocka_unit_test(test_ring_killed_between_the_two_renames_keeps_all),
        cmocka_unit_test(test_ring_killed_while_it_is_rewritten_keeps_all),
        cmocka_unit_test(test_index_cannot_multiply_a_ring),
        cmocka_unit_test(test_part_of_kernel_events_with_a_hole_is_not_written_out),
    };

    return cmocka_run_group_tests_name("chunks", tests, make_directory, remove_directory);
}
