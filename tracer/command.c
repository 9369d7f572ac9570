#include "tracer/command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
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

enum { MAX_INHERITED = sizeof(((struct inherited_files *)0)->open) };

void command_note_inherited(struct command *command)
{
    for (int fd = 0; fd < MAX_INHERITED; fd++)
        command->inherited.open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* Not every library opens its files so that they end with exec; and a daemon that the command
 * leaves behind, as xl does, would hold them for the domain's life: the trace instance could not be
 * removed. */
static void keep_our_files(const struct inherited_files *inherited)
{
    for (int fd = 0; fd < MAX_INHERITED; fd++) {
        if (!inherited->open[fd])
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

/* A script that does not say which shell it is for, which a shell would run itself. */
static int spawn_script(char **argv, const posix_spawnattr_t *attributes, pid_t *pid)
{
    size_t count = 0;
    char **words;
    int errnum;

    while (argv[count])
        count++;
    words = calloc(count + 2, sizeof(*words));
    if (!words)
        return ENOMEM;
    words[0] = "sh";
    memcpy(words + 1, argv, count * sizeof(*words));
    errnum = posix_spawn(pid, "/bin/sh", NULL, attributes, words, environ);
    free(words);
    return errnum;
}

/* As execvp() starts it, but by vfork(): fork() would copy the tables of all our locked memory, and
 * our threads would then copy each page that they write to, in the middle of what is measured. */
static int spawn(struct command *command, const sigset_t *mask)
{
    posix_spawnattr_t attributes;
    pid_t pid = 0;
    int errnum = posix_spawnattr_init(&attributes);

    if (errnum != 0)
        return errnum;
    errnum = posix_spawnattr_setsigmask(&attributes, mask);
    if (errnum == 0)
        errnum = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (errnum == 0)
        errnum = posix_spawnp(&pid, command->argv[0], NULL, &attributes, command->argv, environ);
    if (errnum == ENOEXEC && strchr(command->argv[0], '/'))
        errnum = spawn_script(command->argv, &attributes, &pid);
    posix_spawnattr_destroy(&attributes);
    if (errnum == 0)
        command->pid = pid;
    return errnum;
}

int command_start(struct command *command, const sigset_t *mask, struct xph_error *err)
{
    int errnum;

    /* Before the start: it takes a thousand system calls, which are not the command's. */
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
