#include "tracer/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGES_PER_MIB = 256,
    MAX_BUFFER_MIB = 256,
    MAX_SAMPLE_HZ = 10000,
    SMALLEST_RING_MIB = 8,
    MAX_SIZE_MIB = 1000000,
    MAX_SECONDS = 7 * 24 * 3600,
};

enum {
    OPTION_EVENTS = 256,
    OPTION_KERNEL,
    OPTION_XENSTORE,
    OPTION_CONSOLE,
    OPTION_BUFFER,
    OPTION_SAMPLE,
    OPTION_SAMPLE_VCPUS,
    OPTION_TIMEOUT,
    OPTION_SYSTEM,
    OPTION_MAX_TIME,
    OPTION_MAX_SIZE,
    OPTION_RING,
    OPTION_RESERVE,
    OPTION_ALLOW_TMPFS,
    OPTION_TRIGGER,
    OPTION_CLEANUP,
    OPTION_DOCTOR,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"until", required_argument, NULL, 'u'},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"system", no_argument, NULL, OPTION_SYSTEM},
    {"max-time", required_argument, NULL, OPTION_MAX_TIME},
    {"max-size", required_argument, NULL, OPTION_MAX_SIZE},
    {"trigger", required_argument, NULL, OPTION_TRIGGER},
    {"ring", required_argument, NULL, OPTION_RING},
    {"reserve-mib", required_argument, NULL, OPTION_RESERVE},
    {"allow-tmpfs", no_argument, NULL, OPTION_ALLOW_TMPFS},
    {"events", required_argument, NULL, OPTION_EVENTS},
    {"kernel", required_argument, NULL, OPTION_KERNEL},
    {"xenstore", required_argument, NULL, OPTION_XENSTORE},
    {"console", required_argument, NULL, OPTION_CONSOLE},
    {"buffer-mib", required_argument, NULL, OPTION_BUFFER},
    {"sample", required_argument, NULL, OPTION_SAMPLE},
    {"sample-vcpus", no_argument, NULL, OPTION_SAMPLE_VCPUS},
    {"cleanup", no_argument, NULL, OPTION_CLEANUP},
    {"doctor", no_argument, NULL, OPTION_DOCTOR},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, double min, double max, double *value,
                         const char *option, struct xph_error *err)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    if (errno == 0 && end != text && *end == '\0' && isfinite(*value) && *value >= min &&
        *value <= max)
        return true;
    return xph_fail(err, "%s wants a number from %g to %g, not '%s'", option, min, max, text);
}

static bool parse_until(struct options *options, char *text, struct xph_error *err)
{
    options->until_text = text;
    if (strcmp(text, "exit") == 0)
        options->until = UNTIL_EXIT;
    else if (strcmp(text, "idle") == 0)
        options->until = UNTIL_IDLE;
    else if (options->until = UNTIL_SECONDS,
             !parse_number(text, 0, MAX_SECONDS, &options->until_seconds, "--until", err))
        return xph_fail(err, "--until wants exit, idle or a number of seconds, not '%s'", text);
    return true;
}

static bool parse_switch(const char *text, bool *value, const char *name, struct xph_error *err)
{
    *value = strcmp(text, "on") == 0;
    return *value || strcmp(text, "off") == 0 || xph_fail(err, "%s wants on or off", name);
}

static bool parse_events(struct options *options, const char *name, struct xph_error *err)
{
    options->events = event_set_find(name);
    return options->events || xph_fail(err, "unknown event set '%s' (see --help)", name);
}

static bool parse_kernel(struct options *options, const char *list, struct xph_error *err)
{
    options->kernel_set_count = 0;
    options->kernel_sets_text = strcmp(list, "off") == 0 ? NULL : list;
    if (!options->kernel_sets_text)
        return true;
    for (const char *name = list;; name++) {
        int length = (int)strcspn(name, ",");
        const struct probe_set *set = probe_set_find(name, (size_t)length);

        if (!set)
            return xph_fail(err, "unknown set of kernel events '%.*s' (see --help)", length, name);
        if (options->kernel_set_count == MAX_KERNEL_SETS)
            return xph_fail(err, "--kernel wants each set once");
        options->kernel_sets[options->kernel_set_count++] = set;
        name += length;
        if (*name == '\0')
            return true;
    }
}

/* What has no argument: it is so, then. False if `option` is none of these. */
static bool set_flag(struct options *options, int option)
{
    const struct {
        int option;
        bool *flag;
    } flags[] = {
        {OPTION_SYSTEM, &options->system},
        {OPTION_ALLOW_TMPFS, &options->disk.allow_memory},
        {OPTION_SAMPLE_VCPUS, &options->sample_vcpus},
        {OPTION_CLEANUP, &options->cleanup},
        {OPTION_DOCTOR, &options->doctor},
        {OPTION_VERSION, &options->version},
        {'v', &options->verbose},
        {'q', &options->quiet},
        {'h', &options->help},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].option != option)
            continue;
        *flags[i].flag = true;
        return true;
    }
    return false;
}

static bool parse_mib(const char *text, double least, uint64_t *bytes, const char *name,
                      struct xph_error *err)
{
    double number;

    if (!parse_number(text, least, MAX_SIZE_MIB, &number, name, err))
        return false;
    *bytes = (uint64_t)(number * (1 << 20));
    return true;
}

static bool parse_sample(struct options *options, const char *text, struct xph_error *err)
{
    double number;

    options->sample = strcmp(text, "off") != 0;
    if (!options->sample)
        return true;
    if (!parse_number(text, 1, MAX_SAMPLE_HZ, &number, "--sample", err))
        return false;
    options->sample_hz = (unsigned)number;
    options->sample_limited = false;
    return true;
}

/* What is recorded, and how. */
static bool parse_source(struct options *options, int option, struct xph_error *err)
{
    double number;

    switch (option) {
    case OPTION_EVENTS:
        return parse_events(options, optarg, err);
    case OPTION_KERNEL:
        return parse_kernel(options, optarg, err);
    case OPTION_XENSTORE:
        return parse_switch(optarg, &options->xenstore, "--xenstore", err);
    case OPTION_CONSOLE:
        return parse_switch(optarg, &options->console, "--console", err);
    case OPTION_BUFFER:
        if (!parse_number(optarg, 1, MAX_BUFFER_MIB, &number, "--buffer-mib", err))
            return false;
        options->buffer_pages = (uint32_t)number * PAGES_PER_MIB;
        return true;
    case OPTION_SAMPLE:
        return parse_sample(options, optarg, err);
    default:
        return xph_fail(err, "see xenphase record --help");
    }
}

static bool parse_option(struct options *options, int option, struct xph_error *err)
{
    if (set_flag(options, option))
        return true;
    switch (option) {
    case 'o':
        options->directory = optarg;
        return *optarg != '\0' || xph_fail(err, "--output wants a directory's name");
    case 'u':
        return parse_until(options, optarg, err);
    case OPTION_TIMEOUT:
        return parse_number(optarg, 0, MAX_SECONDS, &options->idle_timeout, "--timeout", err);
    case OPTION_MAX_TIME:
        return parse_number(optarg, 1, MAX_SECONDS, &options->max_seconds, "--max-time", err);
    case OPTION_MAX_SIZE:
        return parse_mib(optarg, 1, &options->max_bytes, "--max-size", err);
    case OPTION_TRIGGER:
        if (options->trigger_count == MAX_TRIGGERS)
            return xph_fail(err, "more than %d triggers", MAX_TRIGGERS);
        return trigger_parse(&options->triggers[options->trigger_count++], optarg, err);
    case OPTION_RING:
        return parse_mib(optarg, SMALLEST_RING_MIB, &options->ring_bytes, "--ring", err);
    case OPTION_RESERVE:
        return parse_mib(optarg, 0, &options->disk.reserve_bytes, "--reserve-mib", err);
    default:
        return parse_source(options, option, err);
    }
}

bool options_parse(struct options *options, int argc, char **argv, struct xph_error *err)
{
    int option;

    *options = (struct options){
        .until_text = "exit",
        .idle_timeout = DEFAULT_IDLE_TIMEOUT,
        .events = event_sets(&(size_t){0}),
        .disk = {.reserve_bytes = (uint64_t)DEFAULT_RESERVE_MIB << 20},
        .sample = true,
        .sample_hz = DEFAULT_SAMPLE_HZ,
        .sample_limited = true,
        .xenstore = true,
        .console = true,
    };
    if (!parse_kernel(options, DEFAULT_KERNEL_SETS, err))
        return false;
    /* The leading + ends the options at the first word that is none, so COMMAND keeps its own. */
    while ((option = getopt_long(argc, argv, "+o:u:vqh", long_options, NULL)) != -1) {
        if (!parse_option(options, option, err))
            return false;
    }
    options->command = argv + optind;
    if (options->help || options->version || options->cleanup || options->doctor)
        return true;
    if (!options->sample && (options->until == UNTIL_IDLE || options->trigger_count > 0))
        return xph_fail(err, "--until idle and --trigger need the sampler: without --sample off");
    if (options->system && *options->command)
        return xph_fail(err, "--system takes no command");
    if (options->trigger_count > 0 && !options->system)
        return xph_fail(err, "--trigger goes with --system");
    if (options->system || *options->command)
        return true;
    return xph_fail(err, "no command to record (usage: xenphase record [options] -- COMMAND... or "
                         "--system, see --help)");
}
