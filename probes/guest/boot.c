/*
 * xenphase-mark --boot: systemd's own moments of the boot, and the units that its end waited for.
 *
 * `systemctl show` is asked and the chain is walked here, as systemd-analyze does it
 * (systemd: src/analyze/analyze-critical-chain.c), instead of reading what systemd-analyze prints:
 * that is made for people, rounded to ms and changes from version to version; the properties are
 * an interface, in us of CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probes/guest/probe.h"

enum {
    MAX_OUTPUT = 4 << 20, /* bytes of systemctl */
    OUTPUT_STEP = 65536,
    ANSWER_SECONDS = 30, /* for all units, in a guest that is just booting on an emulated CPU */
    POLL_MS = 250,       /* while the boot is not over */
    MAX_UNITS = 8192,
    MAX_CHAIN = 32,
};

static uint64_t now_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* All that can be read from `fd` before `deadline_ms`, terminated; NULL without memory, where it is
 * too much, or where it takes too long. The caller's. */
static char *read_output(int fd, uint64_t deadline_ms)
{
    char *text = NULL, *grown;
    size_t size = 0;
    ssize_t got = -1;

    while (size < MAX_OUTPUT) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint64_t now = now_ms();

        grown = realloc(text, size + OUTPUT_STEP + 1);
        if (!grown)
            break;
        text = grown;
        if (now >= deadline_ms || poll(&wait, 1, (int)(deadline_ms - now)) <= 0)
            break;
        got = read(fd, text + size, OUTPUT_STEP);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    if (got != 0) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* What a command prints; NULL if it fails in any way. The caller's. */
static char *output_of(const char *const argv[])
{
    int ends[2], status, quiet;
    char *text;
    pid_t child;

    if (pipe(ends) < 0)
        return NULL;
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        quiet = open("/dev/null", O_WRONLY);
        if (quiet >= 0)
            dup2(quiet, STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(ends[1]);
    text = child > 0 ? read_output(ends[0], now_ms() + ANSWER_SECONDS * 1000) : NULL;
    close(ends[0]);
    if (child < 0)
        return NULL;
    if (!text)
        kill(child, SIGKILL);
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return text;
    free(text);
    return NULL;
}

/* The end of the line `at`, which is cut off; the next line begins behind it. */
static char *cut_line(char *at)
{
    char *end = at + strcspn(at, "\n");

    if (*end == '\0')
        return end;
    *end = '\0';
    return end + 1;
}

/* What the manager knows, in us; 0 is unknown. Firmware and loader count back from the kernel's
 * start. */
struct moments {
    uint64_t firmware, loader, initrd, userspace, finish;
};

static bool ask_moments(struct moments *moments)
{
    static const char *const command[] = {
        "systemctl", "show", "-p",
        "FirmwareTimestampMonotonic,LoaderTimestampMonotonic,InitRDTimestampMonotonic,"
        "UserspaceTimestampMonotonic,FinishTimestampMonotonic",
        NULL};
    const struct {
        const char *key;
        uint64_t *us;
    } keys[] = {
        {"FirmwareTimestampMonotonic=", &moments->firmware},
        {"LoaderTimestampMonotonic=", &moments->loader},
        {"InitRDTimestampMonotonic=", &moments->initrd},
        {"UserspaceTimestampMonotonic=", &moments->userspace},
        {"FinishTimestampMonotonic=", &moments->finish},
    };
    char *text = output_of(command), *next;

    *moments = (struct moments){0};
    if (!text)
        return false;
    for (char *line = text; *line != '\0'; line = next) {
        next = cut_line(line);
        for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (strncmp(line, keys[i].key, strlen(keys[i].key)) == 0)
                *keys[i].us = strtoull(line + strlen(keys[i].key), NULL, 10);
        }
    }
    free(text);
    return moments->userspace > 0;
}

struct unit {
    const char *names, *after; /* lists, separated by spaces */
    uint64_t activating_us, activated_us;
    bool in_chain;
};

static void set_property(struct unit *unit, const char *line)
{
    static const char names[] = "Names=", after[] = "After=",
                      activating[] = "InactiveExitTimestampMonotonic=",
                      activated[] = "ActiveEnterTimestampMonotonic=";

    if (strncmp(line, names, sizeof(names) - 1) == 0)
        unit->names = line + sizeof(names) - 1;
    else if (strncmp(line, after, sizeof(after) - 1) == 0)
        unit->after = line + sizeof(after) - 1;
    else if (strncmp(line, activating, sizeof(activating) - 1) == 0)
        unit->activating_us = strtoull(line + sizeof(activating) - 1, NULL, 10);
    else if (strncmp(line, activated, sizeof(activated) - 1) == 0)
        unit->activated_us = strtoull(line + sizeof(activated) - 1, NULL, 10);
}

/* The units in `text`, one a paragraph; they point into it. Returns how many. */
static size_t parse_units(char *text, struct unit *units)
{
    size_t count = 0;
    char *next;

    units[0] = (struct unit){.names = "", .after = ""};
    for (char *line = text; *line != '\0' && count < MAX_UNITS - 1; line = next) {
        next = cut_line(line);
        if (*line != '\0')
            set_property(&units[count], line);
        else
            units[++count] = (struct unit){.names = "", .after = ""};
    }
    return count + (units[count].names[0] != '\0');
}

static bool has_word(const char *list, const char *word, size_t length)
{
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t bytes = strcspn(at, " ");

        if (bytes == length && memcmp(at, word, length) == 0)
            return true;
        at += bytes;
    }
    return false;
}

static struct unit *find_unit(struct unit *units, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (has_word(units[i].names, name, length))
            return &units[i];
    }
    return NULL;
}

/* Of the units that `unit` waited for, the one that was the last to be active before the end. */
static struct unit *last_before(struct unit *units, size_t count, const struct unit *unit,
                                uint64_t finish_us)
{
    struct unit *last = NULL;

    for (const char *at = unit->after; *at != '\0'; at += strspn(at, " ")) {
        size_t bytes = strcspn(at, " ");
        struct unit *other = find_unit(units, count, at, bytes);

        at += bytes;
        if (other && !other->in_chain && other->activated_us > 0 &&
            other->activated_us <= finish_us && (!last || other->activated_us > last->activated_us))
            last = other;
    }
    return last;
}

static bool send_span(struct probe *probe, const char *name, int64_t start_us, int64_t end_us,
                      const char *unit)
{
    char value[XPH_MARK_MAX_VALUE + 1];

    snprintf(value, sizeof(value), "%lld %lld%s%.*s", (long long)start_us * 1000,
             (long long)end_us * 1000, unit ? " " : "", unit ? (int)strcspn(unit, " ") : 0,
             unit ? unit : "");
    return probe_mark(probe, name, value);
}

static bool send_chain(struct probe *probe, struct unit *units, size_t count, uint64_t finish_us)
{
    static const char target[] = "default.target";
    struct unit *unit = find_unit(units, count, target, sizeof(target) - 1);

    for (unsigned depth = 0; unit && depth < MAX_CHAIN; depth++) {
        unit->in_chain = true;
        if (!send_span(probe, "boot.unit", (int64_t)unit->activating_us,
                       (int64_t)unit->activated_us, unit->names))
            return false;
        unit = last_before(units, count, unit, finish_us);
    }
    return true;
}

static bool send_units(struct probe *probe, uint64_t finish_us)
{
    static const char *const command[] = {
        "systemctl", "show",
        "-p",        "Names,After,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic",
        "*",         NULL};
    char *text = output_of(command);
    struct unit *units = calloc(MAX_UNITS, sizeof(*units));
    bool sent = true;

    if (text && units)
        sent = send_chain(probe, units, parse_units(text, units), finish_us);
    else
        fputs("xenphase-mark: systemctl does not tell of its units\n", stderr);
    free(units);
    free(text);
    return sent;
}

static bool send_moments(struct probe *probe, const struct moments *m)
{
    int64_t firmware = -(int64_t)m->firmware, loader = -(int64_t)m->loader;
    int64_t initrd = (int64_t)m->initrd, userspace = (int64_t)m->userspace;

    return (firmware == 0 || send_span(probe, "boot.firmware", firmware, loader, NULL)) &&
           (loader == 0 || send_span(probe, "boot.loader", loader, 0, NULL)) &&
           send_span(probe, "boot.kernel", 0, initrd ? initrd : userspace, NULL) &&
           (initrd == 0 || send_span(probe, "boot.initrd", initrd, userspace, NULL)) &&
           send_span(probe, "boot.userspace", userspace, (int64_t)m->finish, NULL);
}

bool probe_boot(struct probe *probe, unsigned wait_seconds)
{
    uint64_t deadline_ms = now_ms() + wait_seconds * UINT64_C(1000);
    struct moments moments;
    bool known = ask_moments(&moments);

    while (known && moments.finish == 0 && now_ms() < deadline_ms) {
        nanosleep(&(struct timespec){0, POLL_MS * 1000000}, NULL);
        known = ask_moments(&moments);
    }
    if (!known) {
        fputs("xenphase-mark: systemctl does not tell of the boot\n", stderr);
        return probe_mark(probe, "boot.unknown", NULL);
    }
    if (moments.finish == 0) {
        fputs("xenphase-mark: the boot is not over\n", stderr);
        return probe_mark(probe, "boot.unfinished", NULL);
    }
    return send_moments(probe, &moments) && send_units(probe, moments.finish);
}
