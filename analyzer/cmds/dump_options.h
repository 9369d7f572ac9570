/*
 * The command line of `xenphase dump`.
 */
#ifndef XPH_ANALYZER_CMDS_DUMP_OPTIONS_H
#define XPH_ANALYZER_CMDS_DUMP_OPTIONS_H

#include "analyzer/cmds/dump_filter.h"

enum { XPH_DUMP_SYMBOL_FILES = 16 };

struct xph_dump_options {
    bool xenstore, list_events, help;
    bool filtered; /* an option of the filter's was given */
    struct xph_dump_filter filter;
    xph_dump_record *view;
    unsigned long limit;    /* 0: no limit */
    const char *trace_path; /* a bare xentrace file instead of a recording */
    uint64_t khz;
    size_t symbol_count;
    const char *symbol_files[XPH_DUMP_SYMBOL_FILES];
    const char *build_id;
    const char *directory;
};

extern const char xph_dump_help[];

/* False with what is wrong with the command line. All text in `options` is argv's. */
bool xph_dump_options_parse(struct xph_dump_options *options, int argc, char **argv,
                            struct xph_error *err);

#endif
