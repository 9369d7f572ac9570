/* A worker process that does all that it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/kernel/worker.h"

static const struct xph_worker_limits limits = {
    .memory_bytes = 64 << 20, .cpu_seconds = 1, .stall_seconds = 1};

static char output[4096];

/* Runs `function` on /dev/zero and reads all that it writes; its end in `err`, "" if it is well. */
static size_t run_worker(xph_worker_function *function, struct xph_error *err)
{
    int in = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct xph_worker worker;
    size_t total = 0, got;

    assert_true(in >= 0);
    *err = (struct xph_error){0};
    assert_true(xph_worker_start(&worker, in, function, NULL, &limits, err));
    close(in);
    while (total < sizeof(output) &&
           (got = xph_worker_read(&worker, output + total, sizeof(output) - total)) > 0)
        total += got;
    if (xph_worker_stop(&worker, err))
        assert_string_equal(err->text, "");
    return total;
}

static int write_and_end(int in, int out, const void *context)
{
    char byte = 1;

    (void)context;
    return read(in, &byte, 1) == 1 && byte == 0 && write(out, "done", 4) == 4 ? 0 : 1;
}

static void test_worker_reads_and_writes(void **state)
{
    struct xph_error err;

    (void)state;
    assert_int_equal(run_worker(write_and_end, &err), 4);
    assert_memory_equal(output, "done", 4);
    assert_string_equal(err.text, "");
}

static int crash(int in, int out, const void *context)
{
    (void)in;
    (void)context;
    if (write(out, "half", 4) != 4)
        return 0;
    /* Without a sanitizer's last words. */
    signal(SIGSEGV, SIG_DFL);
    *(volatile int *)(uintptr_t)16 = 1;
    return 0;
}

static void test_crash_is_told(void **state)
{
    struct xph_error err;

    (void)state;
    assert_int_equal(run_worker(crash, &err), 4);
    assert_non_null(strstr(err.text, "died of signal 11"));
}

static int end_badly(int in, int out, const void *context)
{
    (void)in;
    (void)out;
    (void)context;
    return 7;
}

static void test_failure_is_told(void **state)
{
    struct xph_error err;

    (void)state;
    assert_int_equal(run_worker(end_badly, &err), 0);
    assert_string_equal(err.text, "it ended with status 7");
}

static int turn(int in, int out, const void *context)
{
    volatile uint64_t count = 0;

    (void)in;
    (void)out;
    (void)context;
    while (count < UINT64_MAX)
        count++;
    return 0;
}

/* While it turns it is not waited for: a stall would be told first. */
static void test_endless_work_is_ended(void **state)
{
    static const struct xph_worker_limits patient = {
        .memory_bytes = 64 << 20, .cpu_seconds = 1, .stall_seconds = 60};
    int in = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct xph_worker worker;
    struct xph_error err;

    (void)state;
    assert_true(xph_worker_start(&worker, in, turn, NULL, &patient, &err));
    close(in);
    assert_int_equal(xph_worker_read(&worker, output, sizeof(output)), 0);
    assert_false(xph_worker_stop(&worker, &err));
    assert_string_equal(err.text, "it took more than 1 s of CPU time");
}

/* Waits for ever: the other end of the pair is open. */
static int stand_still(int in, int out, const void *context)
{
    (void)in;
    (void)out;
    return (int)read(*(const int *)context, output, 1);
}

static void test_stall_is_ended(void **state)
{
    /* Descriptors are closed in the worker but for the file: a pipe that nobody writes to. */
    static const int file = 3;
    struct xph_worker worker;
    struct xph_error err;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(xph_worker_start(&worker, ends[0], stand_still, &file, &limits, &err));
    assert_int_equal(xph_worker_read(&worker, output, sizeof(output)), 0);
    assert_false(xph_worker_stop(&worker, &err));
    assert_string_equal(err.text, "it stood still for 1 s");
    close(ends[0]);
    close(ends[1]);
}

static int talk_for_ever(int in, int out, const void *context)
{
    (void)in;
    (void)context;
    while (write(out, output, sizeof(output)) > 0)
        ;
    return 0;
}

static void test_one_that_is_not_read_to_its_end_is_ended_and_no_failure(void **state)
{
    struct xph_error err;

    (void)state;
    assert_int_equal(run_worker(talk_for_ever, &err), sizeof(output));
    assert_string_equal(err.text, "");
}

static int take_memory(int in, int out, const void *context)
{
    char *memory = malloc(256 << 20);

    (void)in;
    (void)context;
    return write(out, memory ? "more" : "less", 4) == 4 ? 0 : 1;
}

static void test_memory_is_bounded(void **state)
{
    struct xph_error err;

    (void)state;
    run_worker(take_memory, &err);
    /* A sanitizer ends a process that gets no memory. */
    assert_true(memcmp(output, "less", 4) == 0 || strstr(err.text, "it "));
    assert_memory_not_equal(output, "more", 4);
}

/* Tells of what it could do. */
static int break_out(int in, int out, const void *context)
{
    char found[8] = "-------";

    (void)in;
    (void)context;
    if (open("/etc/passwd", O_RDONLY) >= 0)
        found[0] = 'o';
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        found[1] = 's';
    if (kill(getppid(), 0) == 0)
        found[2] = 'k';
    if (fork() >= 0)
        found[3] = 'f';
    for (int fd = 5; fd < 64; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            found[4] = 'd';
    }
    if (execl("/bin/true", "true", (char *)NULL) != -1 || errno != EPERM)
        found[5] = 'x';
    return write(out, found, 7) == 7 ? 0 : 1;
}

static void test_nothing_else_can_be_reached(void **state)
{
    struct xph_error err;
    int secret = open("/etc/passwd", O_RDONLY);

    (void)state;
    assert_int_equal(run_worker(break_out, &err), 7);
    assert_memory_equal(output, "-------", 7);
    assert_string_equal(err.text, "");
    close(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_reads_and_writes),
        cmocka_unit_test(test_crash_is_told),
        cmocka_unit_test(test_failure_is_told),
        cmocka_unit_test(test_endless_work_is_ended),
        cmocka_unit_test(test_stall_is_ended),
        cmocka_unit_test(test_one_that_is_not_read_to_its_end_is_ended_and_no_failure),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_nothing_else_can_be_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
