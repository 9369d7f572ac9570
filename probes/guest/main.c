/*
 * xenphase-mark: a mark in a Xen guest that the trace of its host shows. See docs/guest-probe.md.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "probes/guest/probe.h"
#include "recording/version.h"

enum { EXIT_USAGE = 2, WATCHDOG_US = 100000, MAX_WAIT_SECONDS = 3600 };

static const char help_text[] =
    "usage: xenphase-mark [options] NAME [VALUE]\n"
    "       xenphase-mark [options] --boot [--wait SEC]\n"
    "       xenphase-mark [options] --tick TIME [--gap TIME] [--for SEC]\n"
    "\n"
    "In a Xen guest: makes a mark that a recording of xenphase shows. Elsewhere it does nothing.\n"
    "\n"
    "      --boot           what systemd knows of the boot: firmware, loader, kernel, initrd, "
    "user\n"
    "                       space, and the units that its end waited for\n"
    "      --wait SEC       ... after waiting so long for the boot's end, at the most (60)\n"
    "      --tick TIME      wake up again and again (10ms, 500us, 1s), and report the gaps at the "
    "end\n"
    "                       or on SIGUSR1: what a migration or a suspension looks like from "
    "inside\n"
    "      --gap TIME       what is a gap (five ticks)\n"
    "      --for SEC        end after so long (SIGINT or SIGTERM do it, too)\n"
    "      --way WAY        cpuid (HVM, PVH), forced (PV), hypercall (root, xen-privcmd with\n"
    "                       unrestricted=1) or xenstore (root) instead of the first that works\n"
    "      --both           by xenstore, too: a recording may be without the trace's part\n"
    "      --how            print the way that worked\n"
    "      --verbose        say so where this is no Xen guest\n"
    "  -h, --help           this text\n"
    "      --version        the version\n"
    "\n"
    "A name has up to 64 bytes, a value up to 256; more is cut, and marked so.\n"
    "Exit status: 0, also where this is no Xen guest; 1 if no way works; 2 on a wrong command "
    "line.\n";

enum {
    OPTION_BOOT = 256,
    OPTION_WAIT,
    OPTION_TICK,
    OPTION_GAP,
    OPTION_FOR,
    OPTION_WAY,
    OPTION_BOTH,
    OPTION_HOW,
    OPTION_VERBOSE,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"boot", no_argument, NULL, OPTION_BOOT},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"tick", required_argument, NULL, OPTION_TICK},
    {"gap", required_argument, NULL, OPTION_GAP},
    {"for", required_argument, NULL, OPTION_FOR},
    {"way", required_argument, NULL, OPTION_WAY},
    {"both", no_argument, NULL, OPTION_BOTH},
    {"how", no_argument, NULL, OPTION_HOW},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct options {
    bool boot, both, how, verbose, help, version;
    uint64_t wait_seconds;
    struct tick_options tick;
    const struct way *way;
};

static bool complain(const char *text, const char *what)
{
    fprintf(stderr, "xenphase-mark: %s%s%s\n", text, *what ? ": " : "", what);
    return false;
}

/* A number and perhaps a unit, in ns; without one it counts in `unit_ns`. */
static bool parse_time(const char *text, uint64_t unit_ns, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    const uint64_t most_ns = UINT64_C(1000000) * 1000000000;
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(text, &end, 10);
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) == 0) {
            unit_ns = units[i].ns;
            end += strlen(end);
        }
    }
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || number == 0 ||
        number > most_ns / unit_ns)
        return complain("not a time", text);
    *ns = number * unit_ns;
    return true;
}

static bool parse_wait(const char *text, uint64_t *seconds)
{
    uint64_t ns;

    if (!parse_time(text, 1000000000, &ns))
        return false;
    *seconds = ns / 1000000000;
    return *seconds <= MAX_WAIT_SECONDS || complain("an hour at the most", text);
}

static bool parse_option(struct options *options, int option)
{
    switch (option) {
    case OPTION_BOOT:
        options->boot = true;
        return true;
    case OPTION_WAIT:
        return parse_wait(optarg, &options->wait_seconds);
    case OPTION_TICK:
        return parse_time(optarg, 1000000, &options->tick.tick_ns);
    case OPTION_GAP:
        return parse_time(optarg, 1000000, &options->tick.gap_ns);
    case OPTION_FOR:
        return parse_time(optarg, 1000000000, &options->tick.for_ns);
    case OPTION_WAY:
        options->way = way_find(optarg);
        return options->way || complain("no such way", optarg);
    case OPTION_BOTH:
        options->both = true;
        return true;
    case OPTION_HOW:
        options->how = true;
        return true;
    case OPTION_VERBOSE:
        options->verbose = true;
        return true;
    case OPTION_VERSION:
        options->version = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return complain("see xenphase-mark --help", "");
    }
}

static bool parse_options(struct options *options, int argc, char **argv)
{
    int option, words;

    *options = (struct options){.wait_seconds = 60};
    /* Options come first: a value may begin with a dash. */
    while ((option = getopt_long(argc, argv, "+h", long_options, NULL)) != -1) {
        if (!parse_option(options, option))
            return false;
    }
    words = argc - optind;
    if (options->help || options->version)
        return true;
    if (options->boot || options->tick.tick_ns)
        return (words == 0 && !(options->boot && options->tick.tick_ns)) ||
               complain("one thing at a time, see --help", "");
    if (options->tick.gap_ns || options->tick.for_ns)
        return complain("--gap and --for go with --tick", "");
    if (words < 1 || words > 2 || argv[optind][0] == '\0')
        return complain("which mark? (xenphase-mark NAME [VALUE], see --help)", "");
    return true;
}

static void too_long(int number)
{
    static const char text[] = "xenphase-mark: given up after 100 ms\n";

    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(EXIT_FAILURE);
}

static void set_watchdog(suseconds_t us)
{
    const struct itimerval timer = {.it_value = {.tv_usec = us}};

    setitimer(ITIMER_REAL, &timer, NULL);
}

bool probe_mark(struct probe *probe, const char *name, const char *value)
{
    const struct mark mark = {.name = name,
                              .value = value,
                              .name_bytes = strlen(name),
                              .value_bytes = value ? strlen(value) : 0,
                              .sender = (uint32_t)getpid(),
                              .sequence = probe->sequence++};
    const struct way *way;
    struct why why;

    set_watchdog(WATCHDOG_US);
    way = mark_send(probe->guest, probe->asked, &mark, &why);
    if (way && probe->both && way->send != xenstore_send)
        xenstore_send(probe->guest, &mark, &(struct why){0});
    set_watchdog(0);
    if (!way)
        return complain("the mark cannot be made", why.text);
    if (probe->how)
        puts(way->name);
    return true;
}

int main(int argc, char **argv)
{
    const struct sigaction give_up = {.sa_handler = too_long};
    struct options options;
    struct probe probe;
    bool ok;

    if (!parse_options(&options, argc, argv))
        return EXIT_USAGE;
    if (options.help || options.version) {
        fputs(options.help ? help_text : "xenphase-mark " XPH_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    sigaction(SIGALRM, &give_up, NULL);
    probe = (struct probe){xen_guest_detect(), options.way, options.both, options.how, 0};
    if (probe.guest == NO_XEN_GUEST) {
        if (options.verbose)
            fputs("xenphase-mark: this is no Xen guest: nothing to do\n", stderr);
        return EXIT_SUCCESS;
    }
    if (options.boot)
        ok = probe_boot(&probe, (unsigned)options.wait_seconds);
    else if (options.tick.tick_ns)
        ok = probe_tick(&probe, &options.tick);
    else
        ok = probe_mark(&probe, argv[optind], optind + 1 < argc ? argv[optind + 1] : NULL);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
