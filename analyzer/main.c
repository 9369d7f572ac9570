/*
 * xenphase: where did the time go when a Xen domain was created, destroyed, saved, restored or
 * migrated?
 */
#include <stdio.h>
#include <string.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/views/terminal_text.h"
#include "recording/version.h"

static const struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    xph_command *run;
} commands[] = {
    {"record", "[options] -- COMMAND...", "in dom0: record Xen while COMMAND runs", xph_cmd_record},
    {"doctor", "", "in dom0: what this host offers to a recording", xph_cmd_doctor},
    {"report", "[options] DIR", "the phases of the recorded operation", xph_cmd_report},
    {"summary", "[--json] DIR", "run states, hypercalls, VM exits: counts and times",
     xph_cmd_summary},
    {"timeline", "[--summary] DIR", "all sources on one clock, and what dom0 did",
     xph_cmd_timeline},
    {"dump", "[options] DIR", "the recorded events, decoded", xph_cmd_dump},
    {"export", "--xentrace -o FILE DIR", "a copy of the trace that xenalyze can read",
     xph_cmd_export},
    {"marks", "[--json] DIR", "what guests said of themselves with xenphase-mark", xph_cmd_marks},
    {"repair", "DIR", "put together what a killed recorder left in parts", xph_cmd_repair},
    {"store", "add|list|export DB ...", "many recordings as rows in one file", xph_cmd_store},
    {"stats", "[--json] DB", "statistics of the runs in a store", xph_cmd_stats},
    {"compare", "[options] A B", "what changed from some runs to others, by phase",
     xph_cmd_compare},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *out)
{
    fputs("usage: xenphase COMMAND [ARGUMENT...]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %-26s %s\n", commands[i].name, commands[i].arguments,
                commands[i].summary);
    fputs("\nxenphase COMMAND --help tells more of each; xenphase --version tells the version.\n"
          "\nexample: xenphase record --until idle -o vm.xph -- xl create /etc/xen/vm.cfg   (as "
          "root in dom0)\n"
          "         xenphase report vm.xph                                               "
          "(anywhere)\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* What could not be written must not look like success: a report on a full disk is no report. */
static int check_output(const char *name, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "xenphase %s: cannot write the output: %m\n", name);
    return XPH_EXIT_ERROR;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);
    struct xph_error err = {0};
    int code;

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        help(stdout);
        return check_output("help", XPH_EXIT_OK);
    }
    if (strcmp(name, "--version") == 0) {
        puts("xenphase " XPH_VERSION);
        return check_output("--version", XPH_EXIT_OK);
    }
    if (!command) {
        if (*name)
            fprintf(stderr, "xenphase: unknown command '%s'\n\n", name);
        help(stderr);
        return XPH_EXIT_USAGE;
    }
    code = command->run(argc - 1, argv + 1, &err);
    if (err.text[0] != '\0') {
        fprintf(stderr, "xenphase %s: ", name);
        xph_print_text(stderr, err.text);
        fputc('\n', stderr);
    }
    return check_output(name, code);
}
