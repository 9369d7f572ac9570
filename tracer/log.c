#include "tracer/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTICE_CONTEXT "xenphase"
#define ERROR_CONTEXT  "xenphase-record"

struct log {
    xentoollog_logger vtable; /* first, as libxentoollog knows only this */
    xentoollog_level own_least, libraries_least;
};

static bool is_own(const char *context)
{
    return context && (strcmp(context, NOTICE_CONTEXT) == 0 || strcmp(context, ERROR_CONTEXT) == 0);
}

static void log_vmessage(xentoollog_logger *logger, xentoollog_level level, int errnoval,
                         const char *context, const char *format, va_list args)
{
    const struct log *log = (const struct log *)logger;
    bool own = is_own(context);

    if (level < (own ? log->own_least : log->libraries_least))
        return;
    if (context)
        fprintf(stderr, "%s: ", context);
    if (!own)
        fprintf(stderr, "%s: ", xtl_level_to_string(level));
    vfprintf(stderr, format, args);
    if (errnoval >= 0)
        fprintf(stderr, ": %s", strerror(errnoval));
    fputc('\n', stderr);
}

/* How far a library is in a call of ours: none takes long. */
static void log_progress(xentoollog_logger *logger, const char *context, const char *doing,
                         int percent, unsigned long done, unsigned long total)
{
    (void)logger;
    (void)context;
    (void)doing;
    (void)percent;
    (void)done;
    (void)total;
}

static void log_destroy(xentoollog_logger *logger)
{
    free(logger);
}

xentoollog_logger *log_open(bool quiet, bool verbose)
{
    struct log *log = calloc(1, sizeof(*log));

    if (!log)
        return NULL;
    *log = (struct log){
        .vtable = {log_vmessage, log_progress, log_destroy},
        .own_least = quiet ? XTL_ERROR : XTL_NOTICE,
        .libraries_least = verbose ? XTL_DEBUG : XTL_CRITICAL,
    };
    return &log->vtable;
}

void log_notice(xentoollog_logger *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    xtl_logv(log, XTL_NOTICE, -1, NOTICE_CONTEXT, format, args);
    va_end(args);
}

void log_error(xentoollog_logger *log, const char *text)
{
    xtl_log(log, XTL_ERROR, -1, ERROR_CONTEXT, "%s", text);
}
