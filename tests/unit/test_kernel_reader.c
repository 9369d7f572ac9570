/*
 * dom0's kernel events, whole and broken, on a recording of a destruction with devices
 * (build/data/destroy-dev-pv.xph, see tests/data/README.md).
 */
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

#include "analyzer/kernel/hypercall_target.h"
#include "analyzer/kernel/kernel_reader.h"
#include "analyzer/kernel/trace_dat.h"
#include "recording/kernel_file.h"

#define RECORDING "build/data/destroy-dev-pv.xph"
#include "tests/unit/recording.h"

enum { KERNEL_EVENTS = 15366, FLIPS = 60 };

/* Without the library there is nothing to test but that it says so. */
static void need_library(void)
{
    if (!xph_trace_dat_worker)
        skip();
}

/* Reads all events of the dom0.dat in directory `dirfd`. */
static void read_kernel(int dirfd, struct xph_kernel_reader *reader)
{
    struct xph_kernel_event event;
    struct xph_error err;

    assert_true(xph_kernel_reader_open(reader, dirfd, &err));
    while (xph_kernel_reader_next(reader, &event))
        assert_true(xph_kernel_event_valid(&event));
    assert_int_equal(reader->worker.pid, 0);
    xph_kernel_reader_close(reader);
}

static void test_all_kernel_events_are_read(void **state)
{
    static struct xph_kernel_reader reader;

    (void)state;
    need_library();
    read_kernel(recording.dirfd, &reader);
    assert_string_equal(reader.problem, "");
    assert_int_equal(reader.events, KERNEL_EVENTS);
    assert_int_equal(reader.invalid, 0);
    assert_int_equal(reader.lost_places, 0);
    assert_int_equal(reader.check.damaged_chunks, 0);
}

/* A directory with a copy of dom0.dat, changed. */
struct copy {
    char path[32];
    int dirfd;
};

static void make_copy(struct copy *copy, const uint8_t *data, size_t size)
{
    int fd;

    strcpy(copy->path, "/tmp/xenphase-test-XXXXXX");
    assert_non_null(mkdtemp(copy->path));
    copy->dirfd = open(copy->path, O_RDONLY | O_DIRECTORY);
    fd = openat(copy->dirfd, XPH_FILE_KERNEL, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static void remove_copy(struct copy *copy)
{
    unlinkat(copy->dirfd, XPH_FILE_KERNEL, 0);
    close(copy->dirfd);
    assert_int_equal(rmdir(copy->path), 0);
}

/* Whatever a file holds, its reading ends, and what it tells is bounded by its size. */
static void test_flipped_bits_do_no_harm(void **state)
{
    static struct xph_kernel_reader reader;
    struct xph_mapped_file file;
    struct xph_error err;
    struct copy copy;
    uint8_t *bytes;

    (void)state;
    need_library();
    assert_true(xph_map_file(recording.dirfd, XPH_FILE_KERNEL, &file, &err));
    bytes = malloc(file.size);
    srand(1);
    for (int i = 0; i < FLIPS; i++) {
        memcpy(bytes, file.data, file.size);
        /* Half of them in the formats, where the library has much to get wrong. */
        for (int flip = 0; flip <= i % 3; flip++)
            bytes[(size_t)rand() % (i % 2 ? file.size : 20000)] ^= (uint8_t)(1 << rand() % 8);
        make_copy(&copy, bytes, file.size);
        read_kernel(copy.dirfd, &reader);
        assert_true(reader.events <= file.size);
        assert_false(reader.check.has_index);
        remove_copy(&copy);
    }
    free(bytes);
    xph_unmap_file(&file);
}

/* Finds an event near the end of its page, by the ring buffer's layout (Linux: ring_buffer.h): 16
 * bytes of the page's own, then events with a length in words in the low 5 bits. */
static size_t find_last_event(const uint8_t *bytes, size_t page)
{
    enum { PAGE_HEADER = 16, MOST_WORDS = 28 };
    size_t at = page + PAGE_HEADER, last = 0;
    uint64_t committed;
    uint32_t header;

    memcpy(&committed, bytes + page + 8, sizeof(committed));
    for (; at < page + PAGE_HEADER + (committed & 0xfffff); at += 4 + (size_t)4 * (header & 31)) {
        memcpy(&header, bytes + at, sizeof(header));
        if ((header & 31) == 0 || (header & 31) > MOST_WORDS)
            return 0;
        last = at;
    }
    return at - page > 4096 - 64 ? last : 0;
}

/* Synthetic: of an event the length is changed. A fuzzer found it. */
static void test_event_longer_than_its_page_is_invalid(void **state)
{
    enum { PAGE = 4096, LONGEST = 28 };
    static struct xph_kernel_reader reader;
    struct xph_mapped_file file;
    struct xph_error err;
    struct copy copy;
    uint8_t *bytes;
    size_t last = 0;

    (void)state;
    need_library();
    assert_true(xph_map_file(recording.dirfd, XPH_FILE_KERNEL, &file, &err));
    bytes = malloc(file.size);
    memcpy(bytes, file.data, file.size);
    for (size_t page = file.size - PAGE; last == 0 && page > file.size / 2; page -= PAGE)
        last = find_last_event(bytes, page);
    assert_true(last > 0);
    bytes[last] = (uint8_t)((bytes[last] & ~31) | LONGEST);
    make_copy(&copy, bytes, file.size);
    read_kernel(copy.dirfd, &reader);
    assert_string_equal(reader.problem, "");
    assert_int_equal(reader.invalid, 1);
    assert_int_equal(reader.events, KERNEL_EVENTS - 1);
    remove_copy(&copy);
    free(bytes);
    xph_unmap_file(&file);
}

static void test_cut_files_do_no_harm(void **state)
{
    static struct xph_kernel_reader reader;
    struct xph_mapped_file file;
    struct xph_error err;
    struct copy copy;

    (void)state;
    need_library();
    assert_true(xph_map_file(recording.dirfd, XPH_FILE_KERNEL, &file, &err));
    for (size_t size = 0; size < file.size; size += size / 2 + 1) {
        make_copy(&copy, file.data, size);
        read_kernel(copy.dirfd, &reader);
        assert_true(reader.events < KERNEL_EVENTS);
        if (size < 10000)
            assert_string_not_equal(reader.problem, "");
        remove_copy(&copy);
    }
    xph_unmap_file(&file);
}

/* Each CPU's data a hundred times over, so no real recording: the times begin anew each time. */
static void test_large_file_is_read_to_its_end(void **state)
{
    enum { CPUS = 2, TIMES = 100 };
    static const char mark[10] = "flyrecord";
    static struct xph_kernel_reader reader;
    uint64_t *table, old[CPUS][2], offset;
    struct xph_mapped_file file;
    struct xph_error err;
    struct copy copy;
    uint8_t *bytes;

    (void)state;
    need_library();
    assert_true(xph_map_file(recording.dirfd, XPH_FILE_KERNEL, &file, &err));
    bytes = malloc(file.size * TIMES);
    memcpy(bytes, file.data, file.size);
    /* Where each CPU's data stands, and its size. */
    table = (uint64_t *)((char *)memmem(bytes, file.size, mark, sizeof(mark)) + sizeof(mark));
    memcpy(old, table, sizeof(old));
    offset = old[0][0];
    for (int cpu = 0; cpu < CPUS; cpu++) {
        const uint64_t entry[2] = {offset, old[cpu][1] * TIMES};

        memcpy(table + (size_t)cpu * 2, entry, sizeof(entry));
        for (int i = 0; i < TIMES; i++) {
            memcpy(bytes + offset, file.data + old[cpu][0], old[cpu][1]);
            offset += old[cpu][1];
        }
    }
    make_copy(&copy, bytes, offset);
    free(bytes);
    xph_unmap_file(&file);
    read_kernel(copy.dirfd, &reader);
    remove_copy(&copy);
    assert_string_equal(reader.problem, "");
    assert_int_equal(reader.events, (uint64_t)KERNEL_EVENTS * TIMES);
}

static void test_missing_file_is_told(void **state)
{
    static struct xph_kernel_reader reader;
    int dirfd = open("build/data/create-pv.xph", O_RDONLY | O_DIRECTORY);

    (void)state;
    read_kernel(dirfd, &reader);
    assert_string_equal(reader.problem, "there is no dom0.dat");
    assert_int_equal(reader.events, 0);
    close(dirfd);
}

/* An event whose text does not end would be read beyond it. */
static void test_impossible_events_are_not_valid(void **state)
{
    struct xph_kernel_event event = {.type = XPH_KERNEL_EXIT, .cpu = 1, .pid = 7};

    (void)state;
    assert_true(xph_kernel_event_valid(&event));
    memset(event.exit.name, 'x', sizeof(event.exit.name));
    assert_false(xph_kernel_event_valid(&event));
    event = (struct xph_kernel_event){.type = XPH_KERNEL_EVENT_TYPES};
    assert_false(xph_kernel_event_valid(&event));
    event = (struct xph_kernel_event){.type = XPH_KERNEL_SWITCH, .cpu = XPH_KERNEL_MAX_CPUS};
    assert_false(xph_kernel_event_valid(&event));
    event = (struct xph_kernel_event){.type = XPH_KERNEL_SWITCH};
    event.schedule.next_pid = XPH_KERNEL_MAX_PID + 1;
    assert_false(xph_kernel_event_valid(&event));
    event = (struct xph_kernel_event){.type = XPH_KERNEL_PRIVCMD};
    event.privcmd.ioctl = 0x305000;
    event.privcmd.command = 200;
    assert_false(xph_kernel_event_valid(&event));
}

static void check_target(uint32_t ioctl, uint64_t op, uint32_t sub, uint16_t domain, uint64_t word,
                         const char *text, int domid)
{
    struct xph_kernel_event event = {.type = XPH_KERNEL_PRIVCMD};
    struct xph_hypercall_target target;
    char told[64];

    event.privcmd.ioctl = ioctl;
    event.privcmd.command = (uint16_t)xph_privcmd_of_ioctl(ioctl);
    event.privcmd.op = op;
    event.privcmd.sub = sub;
    event.privcmd.domain = domain;
    event.privcmd.word = word;
    event.privcmd.argument = 6;
    xph_hypercall_target(&event, &target);
    xph_hypercall_target_text(&target, told, sizeof(told));
    assert_string_equal(told, text);
    assert_int_equal(target.domid, domid);
}

/* The same words mean different things by operation; numbers by Linux's and Xen's headers. */
static void test_ioctls_are_told_by_their_operation(void **state)
{
    enum { HYPERCALL = 0x305000, NONE = XPH_NO_DOMAIN };

    (void)state;
    check_target(HYPERCALL, 36, 2, 5, 0, "domctl destroydomain", 5);
    check_target(HYPERCALL, 36, 10, 5, 11, "domctl shadow_op:11", 5);
    check_target(HYPERCALL, 36, 999, 5, 0, "domctl 999", 5);
    check_target(HYPERCALL, 35, 6, 5, 0, "sysctl getdomaininfolist", NONE);
    check_target(HYPERCALL, 12, 99, 5, 0, "memory_op populate_physmap", NONE);
    check_target(HYPERCALL, 13, 12, 5, 6 | 512 << 6, "memory_op populate_physmap", NONE);
    check_target(HYPERCALL, 17, 99, 5, 0, "xen_version get_features", NONE);
    check_target(HYPERCALL, 41, 99, 5, 0, "dm_op", 6);
    check_target(HYPERCALL, 60, 99, 5, 0, "op_60", NONE);
    check_target(0x205004, 32 | UINT64_C(7) << 32, 0, 0, 0, "mmap_batch", 7);
    check_target(0x105005, 7 | 1 << 16, 0, 0, 0, "dm_op", 7);
    check_target(0x50ff, 7, 0, 0, 0, "ioctl", NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kernel_events_are_read),
        cmocka_unit_test(test_flipped_bits_do_no_harm),
        cmocka_unit_test(test_event_longer_than_its_page_is_invalid),
        cmocka_unit_test(test_cut_files_do_no_harm),
        cmocka_unit_test(test_large_file_is_read_to_its_end),
        cmocka_unit_test(test_missing_file_is_told),
        cmocka_unit_test(test_impossible_events_are_not_valid),
        cmocka_unit_test(test_ioctls_are_told_by_their_operation),
    };

    return cmocka_run_group_tests_name("kernel reader", tests, open_recording, close_recording);
}
