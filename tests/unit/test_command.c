/* The command that is recorded: real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/scratch.h"
#include "tracer/command.h"

enum { SOFT_LIMIT = 300 };

/* The exit status of `argv`, or what command_start() returns. */
static int run(struct command *command, char **argv)
{
    const struct timespec moment = {0, 1000000};
    struct xph_error err;
    sigset_t mask;
    int code;

    sigemptyset(&mask);
    command->argv = argv;
    code = command_start(command, &mask, &err);
    while (code == 0 && !command_ended(command))
        nanosleep(&moment, NULL);
    return code != 0 ? code : command->status;
}

static int run_shell(struct command *command, const char *text)
{
    return run(command, (char *[]){"sh", "-c", (char *)(uintptr_t)text, NULL});
}

static void test_limit_of_open_files_is_raised_for_us_but_not_for_the_command(void **state)
{
    struct command command = {0};
    struct rlimit limit;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = SOFT_LIMIT;
    setrlimit(RLIMIT_NOFILE, &limit);
    command_note_inherited(&command);
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(limit.rlim_cur, limit.rlim_max);
    assert_int_equal(run_shell(&command, "test $(ulimit -Sn) = 300"), 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

static void test_files_of_ours_are_not_the_commands_but_those_of_before_are(void **state)
{
    int before = dup(0), ours;
    struct command command = {0};
    char text[128];

    (void)state;
    command_note_inherited(&command);
    ours = fcntl(0, F_DUPFD, 2000);
    assert_true(before >= 0 && ours >= 2000);
    snprintf(text, sizeof(text), "test -e /proc/self/fd/%d && test ! -e /proc/self/fd/%d", before,
             ours);
    assert_int_equal(run_shell(&command, text), 0);
    close(before);
    close(ours);
}

static void test_script_without_its_shell_is_run_by_sh(void **state)
{
    static const char script[] = "exit 5\n";
    struct command command = {0};
    char path[128];

    (void)state;
    write_file("script", script, strlen(script));
    fchmodat(dirfd_, "script", 0755, 0);
    snprintf(path, sizeof(path), "%s/script", directory);
    command_note_inherited(&command);
    assert_int_equal(run(&command, (char *[]){path, NULL}), 5);
    unlinkat(dirfd_, "script", 0);
}

static void test_what_cannot_be_executed_has_a_shells_exit_code(void **state)
{
    struct command command = {0};

    (void)state;
    command_note_inherited(&command);
    assert_int_equal(run(&command, (char *[]){"/no/such/command", NULL}), EXIT_NOT_FOUND);
    assert_int_equal(run(&command, (char *[]){"/etc/passwd", NULL}), EXIT_NOT_EXECUTABLE);
    assert_int_equal(run_shell(&command, "kill -TERM $$"), EXIT_SIGNAL_BASE + SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_of_open_files_is_raised_for_us_but_not_for_the_command),
        cmocka_unit_test(test_files_of_ours_are_not_the_commands_but_those_of_before_are),
        cmocka_unit_test(test_script_without_its_shell_is_run_by_sh),
        cmocka_unit_test(test_what_cannot_be_executed_has_a_shells_exit_code),
    };

    return cmocka_run_group_tests_name("command", tests, make_directory, remove_directory);
}
