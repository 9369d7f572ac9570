/* The last text of consoles, in real files. Synthetic: the guests' texts are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/scratch.h"
#include "tracer/console_file.h"
#include "tracer/console_ring.h"

enum { KEPT_BYTES = 8 * 1024 };

static void append(struct console_ring *ring, const char *name, unsigned number)
{
    struct xph_error err;
    char line[32];

    snprintf(line, sizeof(line), "%u line\n", number);
    assert_true(console_ring_append(ring, dirfd_, name, line, strlen(line), &err));
}

static uint64_t size_of(const char *name)
{
    struct stat status;

    return fstatat(dirfd_, name, &status, 0) == 0 ? (uint64_t)status.st_size : 0;
}

/* Of all files, and removes them if wanted. */
static uint64_t size_of_all(bool remove)
{
    DIR *listing = fdopendir(openat(dirfd_, ".", O_RDONLY | O_DIRECTORY));
    struct dirent *entry;
    uint64_t bytes = 0;

    while ((entry = readdir(listing))) {
        if (!strstr(entry->d_name, ".log"))
            continue;
        bytes += size_of(entry->d_name);
        if (remove)
            unlinkat(dirfd_, entry->d_name, 0);
    }
    closedir(listing);
    return bytes;
}

/* The numbers of the lines in a file follow each other: from *first to *last. */
static void read_numbers(const char *name, unsigned *first, unsigned *last)
{
    FILE *in = fdopen(openat(dirfd_, name, O_RDONLY), "r");
    unsigned number;

    assert_non_null(in);
    assert_int_equal(fscanf(in, "%u line\n", first), 1);
    *last = *first;
    while (fscanf(in, "%u line\n", &number) == 1)
        assert_int_equal(number, ++*last);
    assert_true(feof(in));
    fclose(in);
}

static void test_last_lines_are_kept_without_a_gap(void **state)
{
    struct console_ring ring = {.keep_bytes = KEPT_BYTES};
    unsigned first, before_last, begin, last;

    (void)state;
    for (unsigned i = 1; i <= 5000; i++)
        append(&ring, "7.log", i);
    read_numbers("7.before.log", &first, &before_last);
    read_numbers("7.log", &begin, &last);
    assert_int_equal(last, 5000);
    assert_int_equal(begin, before_last + 1);
    /* At least one of the two eighths is full. */
    assert_in_range(size_of("7.before.log"), KEPT_BYTES / 8 - 32, KEPT_BYTES / 8);
    assert_int_equal(size_of_all(true), ring.bytes);
    console_ring_free(&ring);
}

static void test_all_consoles_together_are_bounded(void **state)
{
    struct console_ring ring = {.keep_bytes = KEPT_BYTES};
    char name[32];

    (void)state;
    for (unsigned guest = 1; guest <= 100; guest++) {
        snprintf(name, sizeof(name), "%u.log", guest);
        for (unsigned i = 0; i < 100; i++) {
            append(&ring, name, i);
            assert_in_range(ring.bytes, 1, KEPT_BYTES);
        }
    }
    assert_int_equal(size_of("1.log"), 0);
    assert_true(size_of("100.log") > 0);
    assert_true(ring.count < 100);
    assert_int_equal(size_of_all(true), ring.bytes);
    console_ring_free(&ring);
}

static void test_loud_guest_leaves_a_silent_one_its_text(void **state)
{
    struct console_ring ring = {.keep_bytes = KEPT_BYTES};

    (void)state;
    append(&ring, "1.log", 1);
    for (unsigned i = 1; i <= 5000; i++)
        append(&ring, "2.serial.log", i);
    assert_int_equal(size_of("1.log"), strlen("1 line\n"));
    assert_true(size_of("2.serial.before.log") > 0);
    size_of_all(true);
    console_ring_free(&ring);
}

/* A look at a lot of text, one line of it with a number. */
static void look(struct console_files *files, struct console_file *file, unsigned number)
{
    char text[CONSOLE_TEXT_BYTES];
    struct console_look look = {.bytes = text, .count = sizeof(text), .tsc = number};
    struct xph_error err;

    memset(text, 'x', sizeof(text));
    for (size_t i = 63; i < sizeof(text); i += 64)
        text[i] = '\n';
    snprintf(text + sizeof(text) - 64, 64, "%62u", number);
    text[sizeof(text) - 2] = ' ';
    assert_true(console_file_add(files, file, &look, &err));
}

static void test_files_of_a_ring_are_never_full(void **state)
{
    enum { LOOKS = 10000 }; /* as much as would fill a file of a whole recording */
    struct console_files files = {.dirfd = dirfd_, .ring = {.keep_bytes = 8 * KEPT_BYTES}};
    struct console_file file = {.name = "3.log", .fd = -1};
    unsigned stamp = 0, number = 0;
    char last[256] = "";
    FILE *in;

    (void)state;
    for (unsigned i = 1; i <= LOOKS; i++)
        look(&files, &file, i);
    in = fdopen(openat(dirfd_, "3.log", O_RDONLY), "r");
    assert_non_null(in);
    while (fgets(last, sizeof(last), in))
        ;
    fclose(in);
    assert_int_equal(sscanf(last, "%u %u", &stamp, &number), 2);
    assert_int_equal(stamp, LOOKS);
    assert_int_equal(number, LOOKS);
    assert_in_range(size_of_all(true), 1, 8 * KEPT_BYTES);
    console_file_close(&file);
    console_ring_free(&files.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_lines_are_kept_without_a_gap),
        cmocka_unit_test(test_all_consoles_together_are_bounded),
        cmocka_unit_test(test_loud_guest_leaves_a_silent_one_its_text),
        cmocka_unit_test(test_files_of_a_ring_are_never_full),
    };

    return cmocka_run_group_tests_name("console ring", tests, make_directory, remove_directory);
}
