/* What the recorder's threads may not have is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/realtime.h"

/* In a process of its own, as rights do not come back. */
static void test_refusals_are_told(void **state)
{
    const struct rlimit none = {0, 0};
    char refused[256] = "";
    int fds[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setrlimit(RLIMIT_RTPRIO, &none) != 0 || setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
            (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
            _exit(1);
        realtime_prepare(refused, sizeof(refused));
        _exit(write(fds[1], refused, strlen(refused)) < 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(read(fds[0], refused, sizeof(refused) - 1) > 0);
    close(fds[0]);
    close(fds[1]);
    /* AddressSanitizer says that memory is locked, whatever the kernel would say. */
    assert_non_null(strstr(refused, "real-time threads: Operation not permitted"));
}

static void test_caller_keeps_its_priority(void **state)
{
    struct sched_param param;
    char refused[256];
    int policy;

    (void)state;
    realtime_prepare(refused, sizeof(refused));
    munlockall();
    assert_int_equal(pthread_getschedparam(pthread_self(), &policy, &param), 0);
    assert_int_equal(policy, SCHED_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_are_told),
        cmocka_unit_test(test_caller_keeps_its_priority),
    };

    return cmocka_run_group_tests_name("realtime", tests, NULL, NULL);
}
