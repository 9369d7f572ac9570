/*
 * The command that is recorded: found before anything is set up, started, waited for.
 */
#ifndef XPH_TRACER_COMMAND_H
#define XPH_TRACER_COMMAND_H

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "recording/error.h"
#include "recording/manifest.h"

/* Exit codes of a shell for a command that it could not run, and ours for a recording that failed.
 */
enum {
    EXIT_RECORDING_FAILED = 125,
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNAL_BASE = 128
};

/* Open files of whoever started us, which are the command's, too; ours are not. */
struct inherited_files {
    int fds[1024]; /* of more, the others are taken for ours */
    size_t count;
};

struct command {
    char **argv;
    struct inherited_files inherited;
    struct rlimit file_limit; /* how many files whoever started us wants the command to open */
    pid_t pid;                /* 0 before the start and after the end */
    struct xph_instant start, end;
    int status; /* as a shell has it */
};

/* To be called before any file of ours is open. Lets this process open as many files as it may: on
 * a host of many CPUs these are more than the usual 1024. */
void command_note_inherited(struct command *command);

/* 0 if argv[0] can be executed, else EXIT_NOT_FOUND or EXIT_NOT_EXECUTABLE with `err` filled. */
int command_check(char **argv, struct xph_error *err);

/* Starts it with `mask` as its signal mask. On failure returns the exit code to end with, else 0.
 */
int command_start(struct command *command, const sigset_t *mask, struct xph_error *err);

/* True once the command has ended; fills end and status. Never blocks. */
bool command_ended(struct command *command);

#endif
