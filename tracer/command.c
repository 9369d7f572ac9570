#include "tracer/command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/clock.h"

/* 0 if `path` is a file that can be executed, else an errno. */
static int check_path(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return access(path, X_OK) == 0 ? 0 : errno;
}

static int check_search_path(const char *name)
{
    const char *path = getenv("PATH");
    int result = ENOENT;

    for (path = path ? path : "/bin:/usr/bin"; result != 0 && path;
         path = strchr(path, ':'), path = path ? path + 1 : NULL) {
        char candidate[4096];
        int length, found;

        length = (int)strcspn(path, ":");
        if (snprintf(candidate, sizeof(candidate), "%.*s/%s", length, length ? path : ".", name) >=
            (int)sizeof(candidate))
            continue;
        found = check_path(candidate);
        if (found == 0 || found == EACCES)
            result = found;
    }
    return result;
}

static int report_exec_error(char **argv, int errnum, struct xph_error *err)
{
    if (errnum == ENOENT || errnum == ENOTDIR) {
        xph_fail(err, "%s: command not found (nothing was recorded)", argv[0]);
        return EXIT_NOT_FOUND;
    }
    xph_fail_errno(err, errnum, "cannot execute %s (nothing was recorded)", argv[0]);
    return EXIT_NOT_EXECUTABLE;
}

int command_check(char **argv, struct xph_error *err)
{
    int errnum = strchr(argv[0], '/') ? check_path(argv[0]) : check_search_path(argv[0]);

    return errnum == 0 ? 0 : report_exec_error(argv, errnum, err);
}

enum { MAX_INHERITED = sizeof(((struct inherited_files *)0)->fds) / sizeof(int) };

/* The next file that this process has open, -1 after the last one. `listing` is of /proc/self/fd.
 */
static int next_open(DIR *listing)
{
    struct dirent *entry;

    while (listing && (entry = readdir(listing))) {
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(listing))
            return atoi(entry->d_name);
    }
    return -1;
}

static void raise_file_limit(struct command *command)
{
    struct rlimit raised;

    getrlimit(RLIMIT_NOFILE, &command->file_limit);
    raised = command->file_limit;
    raised.rlim_cur = raised.rlim_max;
    setrlimit(RLIMIT_NOFILE, &raised);
}

void command_note_inherited(struct command *command)
{
    DIR *listing = opendir("/proc/self/fd");
    int fd;

    while ((fd = next_open(listing)) >= 0 && command->inherited.count < MAX_INHERITED)
        command->inherited.fds[command->inherited.count++] = fd;
    if (listing)
        closedir(listing);
    raise_file_limit(command);
}

static bool is_inherited(const struct inherited_files *inherited, int fd)
{
    for (size_t i = 0; i < inherited->count; i++) {
        if (inherited->fds[i] == fd)
            return true;
    }
    return false;
}

/* Not every library opens its files so that they end with exec; and a daemon that the command
 * leaves behind, as xl does, would hold them for the domain's life: the trace instance could not be
 * removed. */
static void keep_our_files(const struct inherited_files *inherited)
{
    DIR *listing = opendir("/proc/self/fd");
    int fd;

    while ((fd = next_open(listing)) >= 0) {
        if (!is_inherited(inherited, fd))
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    if (listing)
        closedir(listing);
}

/* In the process that is to be the command, on its parent's memory: only what a signal handler may
 * do, and execvp(), which works on its stack. A script that does not say which shell it is for is
 * run by sh. */
static void __attribute__((noreturn))
become_command(const struct command *command, const sigset_t *mask, volatile int *errnum)
{
    setrlimit(RLIMIT_NOFILE, &command->file_limit);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command->argv[0], command->argv);
    *errnum = errno;
    _exit(EXIT_NOT_FOUND);
}

/* By vfork(): fork() would copy the tables of all our locked memory, and our threads would then
 * copy each page that they write to, in the middle of what is measured. posix_spawn() cannot give
 * the command its own limits. */
static int spawn(struct command *command, const sigset_t *mask)
{
    volatile int errnum = 0;
    pid_t pid = vfork();

    if (pid == 0)
        become_command(command, mask, &errnum);
    if (pid < 0)
        return errno;
    if (errnum != 0)
        waitpid(pid, NULL, 0);
    else
        command->pid = pid;
    return errnum;
}

int command_start(struct command *command, const sigset_t *mask, struct xph_error *err)
{
    int errnum;

    /* Before the start: it takes many system calls, which are not the command's. */
    keep_our_files(&command->inherited);
    command->start = clock_instant();
    errnum = spawn(command, mask);
    if (errnum == EAGAIN || errnum == ENOMEM) {
        xph_fail_errno(err, errnum, "cannot start a process");
        return EXIT_RECORDING_FAILED;
    }
    return errnum == 0 ? 0 : report_exec_error(command->argv, errnum, err);
}

bool command_ended(struct command *command)
{
    int status;

    if (command->pid == 0)
        return true;
    if (waitpid(command->pid, &status, WNOHANG) != command->pid)
        return false;
    command->end = clock_instant();
    command->status =
        WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
    command->pid = 0;
    return true;
}
