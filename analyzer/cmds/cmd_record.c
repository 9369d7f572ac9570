/*
 * xenphase record and xenphase doctor: hand over to xenphase-record, the program that needs Xen's
 * libraries.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"

#define RECORDER "xenphase-record"

/* The recorder beside this program, so that a build directory works without being installed. */
static void exec_sibling(char **argv)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (length < 0)
        return;
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (!slash || (size_t)(slash + 1 - path) + sizeof(RECORDER) > sizeof(path))
        return;
    memcpy(slash + 1, RECORDER, sizeof(RECORDER));
    execv(path, argv);
}

static char recorder[] = RECORDER;

static int exec_recorder(char **argv, struct xph_error *err)
{
    exec_sibling(argv);
    execvp(recorder, argv);
    if (errno == ENOENT)
        xph_fail(err,
                 "%s is not installed: it is built where Xen's headers are (apt-get install "
                 "libxen-dev; make), "
                 "and belongs into dom0",
                 RECORDER);
    else
        xph_fail_errno(err, errno, "cannot execute %s", RECORDER);
    return XPH_EXIT_ERROR;
}

int xph_cmd_record(int argc, char **argv, struct xph_error *err)
{
    (void)argc;
    argv[0] = recorder;
    return exec_recorder(argv, err);
}

int xph_cmd_doctor(int argc, char **argv, struct xph_error *err)
{
    static char doctor[] = "--doctor";
    char *arguments[] = {recorder, doctor, NULL};

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        puts("usage: xenphase doctor\n"
             "\n"
             "Says what this host offers to each source of a recording, and what to do about what "
             "is missing.\n"
             "\n"
             "Exit status: 0 if there is everything, 3 if recordings will lack something, 1 if "
             "nothing can be recorded.");
        return XPH_EXIT_OK;
    }
    if (argc != 1) {
        xph_fail(err, "usage: xenphase doctor");
        return XPH_EXIT_USAGE;
    }
    return exec_recorder(arguments, err);
}
