#include "tracer/options.h"

#include "tracer/boot_wait.h"

enum { INDENT = 25 };

static void help_on_what(FILE *out)
{
    fprintf(
        out,
        "usage: xenphase record [options] -- COMMAND [ARGUMENT...]\n"
        "       xenphase record [options] --system\n"
        "\n"
        "Records what Xen does while COMMAND creates, destroys or moves a domain. Run it as "
        "root in dom0.\n"
        "\n"
        "  -o, --output DIR     the recording, a directory that must not exist yet\n"
        "                       (default: xenphase-DATE-TIME.xph here)\n"
        "  -u, --until WHEN     exit: stop when COMMAND has ended (default)\n"
        "                       idle: go on until every new domain is idle, that is, has "
        "booted; a new one\n"
        "                       is waited for %d s after COMMAND's end, or a domain's, as xl "
        "reboot only asks\n"
        "                       SECONDS: go on for that long after COMMAND's end\n"
        "      --timeout SEC    give up waiting for idle that long after COMMAND's end "
        "(default: %d)\n"
        "      --max-time SEC   end the recording after so long, not the command\n"
        "      --max-size MIB   end the recording when it is so large\n"
        "      --system         no COMMAND: record whatever any toolstack does, until "
        "Ctrl-C\n"
        "      --ring MIB       keep only the last so many MiB, to leave it on for days\n"
        "      --reserve-mib MIB\n"
        "                       end the recording, not the command, when less is free on its "
        "disk (default: %d,\n"
        "                       0: when the disk is full); %d more are needed to begin\n"
        "      --allow-tmpfs    record also to a file system that is in memory\n"
        "      --trigger KIND>SEC\n"
        "                       with --system: when an operation takes longer, end the recording "
        "with it, or when\n"
        "                       it has taken %d times as long\n",
        BOOT_WAIT_SECONDS, DEFAULT_IDLE_TIMEOUT, DEFAULT_RESERVE_MIB, LEAST_ROOM_MIB,
        TRIGGER_MAX_TIMES);
    trigger_help(out, INDENT);
}

static void help_on_sources(FILE *out)
{
    const struct probe_set *kernel;
    const struct event_set *sets;
    size_t count;

    fputs("      --events SET     what Xen traces:\n", out);
    sets = event_sets(&count);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%*s%-10s %s%s\n", INDENT, "", sets[i].name, sets[i].summary,
                i == 0 ? " (default)" : "");
    fputs("      --kernel SET,... dom0 kernel events, or off (default:\n"
          "                       " DEFAULT_KERNEL_SETS "):\n",
          out);
    kernel = probe_sets(&count);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%*s%-10s %s\n", INDENT, "", kernel[i].name, kernel[i].summary);
    fprintf(
        out,
        "      --xenstore on|off\n"
        "                       changes in xenstore; without them no names of domains and no "
        "consoles (default: on)\n"
        "      --console on|off what guests write to their consoles (default: on)\n"
        "      --sample HZ      samples of all domains a second, or off (default: %d, fewer where "
        "they would\n"
        "                       take more than 0.5 %% of a CPU); consoles are looked at as often\n"
        "      --sample-vcpus   each vCPU of the domains that ran, too: a hypercall each\n"
        "      --buffer-mib N   trace buffer wanted for each CPU; Xen takes a size once for "
        "each boot\n"
        "                       (default: 4, less on hosts with many CPUs)\n",
        DEFAULT_SAMPLE_HZ);
}

void options_help(FILE *out)
{
    help_on_what(out);
    help_on_sources(out);
    fputs("      --cleanup        switch off what a killed recorder left on, record nothing\n"
          "      --doctor         say what this host offers to a recording, record nothing\n"
          "  -v, --verbose        show what the Xen libraries say\n"
          "  -q, --quiet          say nothing but errors\n"
          "  -h, --help           this text\n"
          "      --version        the version\n"
          "\n"
          "Exit status: COMMAND's own (0 with --system); 125 if the recording failed or had to end "
          "for want of disk\n"
          "space, 126 or 127 if COMMAND cannot be run, 128 + N after signal N. Ctrl-C ends COMMAND "
          "and the recording in\n"
          "good order, or starts nothing where COMMAND has not begun; a second one ends the "
          "recording "
          "at once.\n"
          "\n"
          "example: xenphase record --until idle -o vm.xph -- xl create /etc/xen/vm.cfg\n"
          "         xenphase report vm.xph\n"
          "         xenphase record --system --ring 200 --trigger 'create>10s'\n",
          out);
}
