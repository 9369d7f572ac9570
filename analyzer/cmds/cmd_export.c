/*
 * xenphase export: a copy of a recording's trace in a form that other tools read.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/export/xenalyze_rules.h"
#include "analyzer/export/xentrace_writer.h"
#include "analyzer/timeline/doubts.h"
#include "analyzer/views/terminal_text.h"
#include "recording/recording.h"

struct export_options {
    bool xentrace, force, help;
    const char *trace_path; /* a bare xentrace file instead of a recording */
    const char *output;
    const char *directory;
};

static const char help_text[] =
    "usage: xenphase export --xentrace [options] -o FILE DIR\n"
    "       xenphase export --xentrace [options] -o FILE --trace FILE\n"
    "\n"
    "Writes a copy of a recording's trace, in xentrace(8)'s format, that xenalyze(1) can read: "
    "without records that\n"
    "guests made themselves, and without others on which xenalyze ends. How many these were is "
    "told.\n"
    "\n"
    "      --xentrace       the form: the only one for now\n"
    "  -o, --output FILE    the copy; it is there only if it is whole\n"
    "      --force          replaces FILE if there is one\n"
    "      --trace FILE     a file of xentrace(8) instead of a recording; - reads it from the "
    "standard input\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0; 1 on an error; 2 on a wrong command line; 3 if the recording is incomplete, "
    "damaged or lossy.\n";

enum { OPTION_XENTRACE = 256, OPTION_FORCE, OPTION_TRACE };

static const struct option long_options[] = {
    {"xentrace", no_argument, NULL, OPTION_XENTRACE},
    {"output", required_argument, NULL, 'o'},
    {"force", no_argument, NULL, OPTION_FORCE},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The order of records stands on their TSC alone, so any frequency gives the same copy. */
enum { ANY_KHZ = 1000000 };

static bool parse_option(struct export_options *options, int option, struct xph_error *err)
{
    switch (option) {
    case OPTION_XENTRACE:
        options->xentrace = true;
        return true;
    case OPTION_FORCE:
        options->force = true;
        return true;
    case OPTION_TRACE:
        options->trace_path = optarg;
        return true;
    case 'o':
        options->output = optarg;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return xph_fail(err, "see xenphase export --help");
    }
}

static bool parse_options(struct export_options *options, int argc, char **argv,
                          struct xph_error *err)
{
    int option;

    *options = (struct export_options){0};
    while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
        if (!parse_option(options, option, err))
            return false;
    }
    if (options->help)
        return true;
    if (!options->xentrace)
        return xph_fail(err, "in which form? (--xentrace)");
    if (options->trace_path ? argc != optind : argc != optind + 1)
        return xph_fail(err, "which recording? (xenphase export --xentrace -o FILE DIR)");
    if (!options->output)
        return xph_fail(err, "where to? (-o FILE)");
    options->directory = argv[optind];
    return true;
}

struct export_counts {
    uint64_t by_verdict[XPH_XENALYZE_VERDICTS];
    uint64_t gaps, lost_records;
};

static bool copy_records(struct xph_timeline *timeline, struct xph_xentrace_writer *writer,
                         struct export_counts *counts, struct xph_error *err)
{
    struct xph_record record;

    while (xph_timeline_next(timeline, &record)) {
        enum xph_xenalyze_verdict verdict = xph_xenalyze_judge(&record);

        counts->by_verdict[verdict]++;
        if (record.event == XPH_EVENT_LOST_RECORDS && record.extra_words > 0) {
            counts->gaps++;
            counts->lost_records += record.words[0];
        }
        if (verdict == XPH_XENALYZE_READS && !xph_xentrace_writer_add(writer, &record, err))
            return false;
    }
    return xph_xentrace_writer_flush(writer, err);
}

static bool write_copy(struct xph_timeline *timeline, int fd, struct export_counts *counts,
                       struct xph_error *err)
{
    struct xph_xentrace_writer writer;
    bool ok;

    if (!xph_xentrace_writer_open(&writer, fd, err))
        return false;
    ok = copy_records(timeline, &writer, counts, err);
    xph_xentrace_writer_close(&writer);
    return ok;
}

/* Can the output be put there, as far as can be told before? What is no file, such as a device, is
 * never replaced. */
static bool check_output(const struct export_options *options, struct xph_error *err)
{
    struct stat status;

    if (lstat(options->output, &status) != 0)
        return errno == ENOENT || xph_fail_errno(err, errno, "cannot look at %s", options->output);
    if (!S_ISREG(status.st_mode))
        return xph_fail(err, "%s is there and is not a file: it is not replaced", options->output);
    return options->force ||
           xph_fail(err, "%s is there already: --force replaces it", options->output);
}

static bool move_output(const struct export_options *options, const char *part,
                        struct xph_error *err)
{
    if (renameat2(AT_FDCWD, part, AT_FDCWD, options->output,
                  options->force ? 0 : RENAME_NOREPLACE) == 0)
        return true;
    /* A file system without this flag: the file was not there a moment ago. */
    if (errno == EINVAL && !options->force && rename(part, options->output) == 0)
        return true;
    return xph_fail_errno(err, errno, "cannot make %s", options->output);
}

/* Writes into a file beside the output, which becomes the output when it is whole. */
static bool write_output(const struct export_options *options, struct xph_timeline *timeline,
                         struct export_counts *counts, struct xph_error *err)
{
    char part[PATH_MAX];
    struct xph_error cause;
    bool ok;
    int fd;

    if (!check_output(options, err))
        return false;
    if (snprintf(part, sizeof(part), "%s.part", options->output) >= (int)sizeof(part))
        return xph_fail(err, "%s: the name is too long", options->output);
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s", part);
    ok = write_copy(timeline, fd, counts, &cause);
    if (close(fd) != 0 && ok)
        ok = xph_fail_errno(&cause, errno, "cannot write");
    if (!ok)
        xph_fail(err, "%s is not made: %s", options->output, cause.text);
    ok = ok && move_output(options, part, err);
    if (!ok)
        unlink(part);
    return ok;
}

static void tell_counts(const struct export_counts *counts)
{
    fprintf(stderr, "xenphase export: %" PRIu64 " records copied\n",
            counts->by_verdict[XPH_XENALYZE_READS]);
    for (unsigned verdict = XPH_XENALYZE_READS + 1; verdict < XPH_XENALYZE_VERDICTS; verdict++) {
        if (counts->by_verdict[verdict] > 0)
            fprintf(stderr, "xenphase export: left out: %" PRIu64 " of %s\n",
                    counts->by_verdict[verdict], xph_xenalyze_verdict_text(verdict));
    }
}

/* How long the gaps were is not told: the frequency is not known. */
static void doubt_copy(struct xph_doubts *doubts, const struct xph_timeline *timeline,
                       const struct export_counts *counts)
{
    xph_doubts_of_damage(doubts, &timeline->damage);
    if (counts->gaps > 0)
        xph_doubt(doubts, "%" PRIu64 " records were lost in %" PRIu64 " gap%s",
                  counts->lost_records, counts->gaps, counts->gaps == 1 ? "" : "s");
}

static int export_trace(const struct export_options *options, const struct xph_mapped_file *trace,
                        struct xph_doubts *doubts, struct xph_error *err)
{
    struct export_counts counts = {0};
    struct xph_timeline timeline;
    bool ok;

    if (!xph_timeline_open_mapped(&timeline, trace, 0, ANY_KHZ, err))
        return XPH_EXIT_ERROR;
    ok = (timeline.file.pcpu_count > 0 || xph_fail(err, "there is no trace of Xen's to copy")) &&
         write_output(options, &timeline, &counts, err);
    if (ok) {
        tell_counts(&counts);
        doubt_copy(doubts, &timeline, &counts);
    }
    xph_timeline_close(&timeline);
    return ok ? XPH_EXIT_OK : XPH_EXIT_ERROR;
}

static int export_recording(const struct export_options *options, struct xph_doubts *doubts,
                            struct xph_error *err)
{
    struct xph_recording recording;
    int code;

    if (!xph_recording_open(&recording, options->directory, err))
        return XPH_EXIT_ERROR;
    xph_doubts_of_recording(doubts, &recording);
    code = export_trace(options, &recording.trace, doubts, err);
    xph_recording_close(&recording);
    return code;
}

static int export_bare_trace(const struct export_options *options, struct xph_doubts *doubts,
                             struct xph_error *err)
{
    struct xph_mapped_file file;
    int code;

    if (!xph_map_trace(options->trace_path, &file, err))
        return XPH_EXIT_ERROR;
    code = export_trace(options, &file, doubts, err);
    xph_unmap_file(&file);
    return code;
}

int xph_cmd_export(int argc, char **argv, struct xph_error *err)
{
    struct export_options options;
    struct xph_doubts doubts = {0};
    int code;

    if (!parse_options(&options, argc, argv, err))
        return XPH_EXIT_USAGE;
    if (options.help) {
        fputs(help_text, stdout);
        return XPH_EXIT_OK;
    }
    code = options.trace_path ? export_bare_trace(&options, &doubts, err)
                              : export_recording(&options, &doubts, err);
    return code == XPH_EXIT_OK ? xph_tell_doubts("export", &doubts) : code;
}
