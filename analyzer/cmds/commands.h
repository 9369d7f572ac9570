/*
 * The commands of xenphase: one file each in this folder, one row each in the table in main.c.
 */
#ifndef XPH_ANALYZER_CMDS_COMMANDS_H
#define XPH_ANALYZER_CMDS_COMMANDS_H

#include "analyzer/timeline/doubts.h"
#include "recording/error.h"

/* What a command returns, and so what xenphase exits with. */
enum {
    XPH_EXIT_OK = 0,
    XPH_EXIT_ERROR = 1, /* `err` says why */
    XPH_EXIT_USAGE = 2, /* `err` says what is wrong with the command line */
    XPH_EXIT_DOUBTFUL =
        3, /* the output is there, but the recording is incomplete, damaged or lossy */
};

/* argv[0] is the command's own name. */
typedef int xph_command(int argc, char **argv, struct xph_error *err);

xph_command xph_cmd_record;
xph_command xph_cmd_doctor;
xph_command xph_cmd_report;
xph_command xph_cmd_summary;
xph_command xph_cmd_dump;
xph_command xph_cmd_timeline;
xph_command xph_cmd_export;
xph_command xph_cmd_marks;
xph_command xph_cmd_repair;
xph_command xph_cmd_store;
xph_command xph_cmd_stats;
xph_command xph_cmd_compare;

/* For the commands: tells of doubts on stderr; returns XPH_EXIT_DOUBTFUL if there are any, else
 * XPH_EXIT_OK. */
int xph_tell_doubts(const char *command, const struct xph_doubts *doubts);

enum { XPH_MAX_KHZ = 100000000 }; /* of a TSC that a command line tells */

/* The number that `text` is, which was given to --`option`; false if it is none within the bounds.
 */
bool xph_parse_number(const char *option, const char *text, unsigned long min, unsigned long max,
                      unsigned long *value, struct xph_error *err);

#endif
