/* The directory of a recording: what it takes of the disk, and that it goes without a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/manifest.h"
#include "tracer/output_directory.h"

enum { SIZE = 256 * 1024, HOLE = 64 * 1024 * 1024 };

static char path[64];

static struct output_directory make(void)
{
    struct output_directory directory;
    struct xph_error err;

    snprintf(path, sizeof(path), "/tmp/xenphase-test-%d.xph", (int)getpid());
    assert_true(output_directory_make(&directory, path, &err));
    return directory;
}

/* A file with `size` bytes of data at its end, after a hole. */
static void add_file(int dirfd, const char *name, off_t hole, size_t size)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT, 0644);
    char *data = malloc(size);

    assert_true(fd >= 0 && data);
    memset(data, 'x', size);
    assert_int_equal(pwrite(fd, data, size, hole), size);
    free(data);
    close(fd);
}

static void test_size_is_what_was_written_and_kept(void **state)
{
    struct output_directory directory = make();
    struct xph_error err;
    uint64_t bytes;

    (void)state;
    assert_true(xph_manifest_reserve(directory.fd, &err));
    assert_int_equal(output_directory_bytes(&directory), 0);
    add_file(directory.fd, "xen.trace", HOLE, SIZE);
    assert_int_equal(mkdirat(directory.fd, "console", 0755), 0);
    add_file(directory.fd, "console/1.log", 0, SIZE);
    bytes = output_directory_bytes(&directory);
    /* File systems differ in how they count what they have not placed yet. */
    assert_in_range(bytes, 2 * SIZE, 2 * SIZE + SIZE / 2);
    output_directory_discard(&directory);
}

static void test_all_of_it_can_be_brought_to_the_disk(void **state)
{
    struct output_directory directory = make();
    struct xph_error err;

    (void)state;
    add_file(directory.fd, "xen.trace", 0, SIZE);
    assert_int_equal(mkdirat(directory.fd, "console", 0755), 0);
    add_file(directory.fd, "console/1.log", 0, SIZE);
    assert_true(output_directory_sync(&directory, &err));
    /* What cannot be opened cannot be synced. */
    assert_int_equal(symlinkat("xen.trace", directory.fd, "link"), 0);
    assert_false(output_directory_sync(&directory, &err));
    assert_non_null(strstr(err.text, "link"));
    output_directory_discard(&directory);
}

static void test_discarded_directory_is_gone(void **state)
{
    struct output_directory directory = make(), second;
    struct stat status;
    struct xph_error err;

    (void)state;
    assert_false(output_directory_make(&second, path, &err));
    assert_non_null(strstr(err.text, "exists already"));
    assert_int_equal(mkdirat(directory.fd, "console", 0755), 0);
    add_file(directory.fd, "console/1.log", 0, SIZE);
    output_directory_discard(&directory);
    assert_int_equal(stat(path, &status), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_is_what_was_written_and_kept),
        cmocka_unit_test(test_all_of_it_can_be_brought_to_the_disk),
        cmocka_unit_test(test_discarded_directory_is_gone),
    };

    return cmocka_run_group_tests_name("output_directory", tests, NULL, NULL);
}
