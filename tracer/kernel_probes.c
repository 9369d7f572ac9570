#include "tracer/kernel_probes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/library.h"
#include "tracer/probe_line.h"

#define XEN_VARIABLE "$XEN"

/* What is needed to make the probes of a set. */
struct probe_maker {
    struct tracefs_instance *instance;
    const char *xen_version;
    unsigned calls;         /* that a return probe follows at once, 0: as the kernel likes */
    struct library library; /* the last one that was needed */
};

static bool add_event(struct kernel_probes *probes, const char *system, const char *name,
                      struct xph_error *err)
{
    struct kernel_event *events =
        realloc(probes->events, (probes->count + 1) * sizeof(*probes->events));

    if (!events)
        return xph_fail(err, "out of memory");
    probes->events = events;
    events[probes->count] = (struct kernel_event){strdup(system), strdup(name)};
    probes->count++;
    return (events[probes->count - 1].system && events[probes->count - 1].name) ||
           xph_fail(err, "out of memory");
}

static bool add_missing(struct kernel_probes *probes, const char *name, const char *reason,
                        struct xph_error *err)
{
    struct missing_probe *missing;

    for (size_t i = 0; i < probes->missing_count; i++) {
        if (strcmp(probes->missing[i].name, name) == 0)
            return true;
    }
    missing = realloc(probes->missing, (probes->missing_count + 1) * sizeof(*probes->missing));
    if (!missing)
        return xph_fail(err, "out of memory");
    probes->missing = missing;
    missing[probes->missing_count] = (struct missing_probe){strdup(name), strdup(reason)};
    probes->missing_count++;
    return (missing[probes->missing_count - 1].name && missing[probes->missing_count - 1].reason) ||
           xph_fail(err, "out of memory");
}

static bool have_event(const struct kernel_probes *probes, const char *name)
{
    for (size_t i = 0; i < probes->count; i++) {
        if (strcmp(probes->events[i].name, name) == 0)
            return true;
    }
    return false;
}

/* An earlier way to the same probe failed, this one works. */
static void forget_missing(struct kernel_probes *probes, const char *name)
{
    for (size_t i = probes->missing_count; i-- > 0;) {
        if (strcmp(probes->missing[i].name, name) != 0)
            continue;
        free(probes->missing[i].name);
        free(probes->missing[i].reason);
        probes->missing[i] = probes->missing[--probes->missing_count];
    }
}

/* The library's writing truncates the file, which removes all probes in it, whose-ever they are. */
static bool append(const char *file, const char *text)
{
    char *path = tracefs_get_tracing_file(file);
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;
    int errnum = errno;

    if (fd >= 0)
        close(fd);
    tracefs_put_tracing_file(path);
    errno = errnum;
    return ok;
}

/* Appends a definition to `file` of tracefs. The library has calls for each kind of probe, which
 * read the directories of all the kernel's events each time. */
static bool define_probe(const char *file, const struct probe_line *line, const char *where,
                         unsigned calls, struct xph_error *why)
{
    char *text = probe_line_definition(line, where, calls);
    bool ok;

    if (!text)
        return xph_fail(why, "out of memory");
    errno = 0;
    ok = append(file, text) || xph_fail(why, "%s", strerror(errno ? errno : EIO));
    free(text);
    return ok;
}

/* The library that a line names; the one of the line before is kept open, as many follow each
 * other. */
static bool open_library(struct library *library, const char *name, const char *xen_version,
                         struct xph_error *why)
{
    const char *variable = strstr(name, XEN_VARIABLE);
    char full[NAME_MAX];

    if (variable)
        snprintf(full, sizeof(full), "%.*s%s%s", (int)(variable - name), name, xen_version,
                 variable + strlen(XEN_VARIABLE));
    else
        snprintf(full, sizeof(full), "%s", name);
    if (library->elf && strcmp(library->name, full) == 0)
        return true;
    library_close(library);
    return library_open(library, full, why);
}

static bool create_user_probe(const struct probe_line *line, struct probe_maker *maker,
                              struct xph_error *why)
{
    char where[PATH_MAX + 32];
    uint64_t offset;

    if (!open_library(&maker->library, line->where, maker->xen_version, why) ||
        !library_function(&maker->library, line->function, &offset, why))
        return false;
    snprintf(where, sizeof(where), "%s:0x%" PRIx64, maker->library.path, offset);
    return define_probe("uprobe_events", line, where, 0, why);
}

/* Makes what the line wants, if it is not there by itself; false with the reason why not. */
static bool create_probe(const struct probe_line *line, struct probe_maker *maker,
                         struct xph_error *why)
{
    if (probe_line_is(line, "event"))
        return true;
    if (probe_line_is_user(line))
        return create_user_probe(line, maker, why);
    if (probe_line_is(line, "kretprobe") && maker->calls > 0 &&
        define_probe("kprobe_events", line, line->where, maker->calls, why))
        return true;
    if (probe_line_is(line, "kprobe") || probe_line_is(line, "kretprobe"))
        return define_probe("kprobe_events", line, line->where, 0, why);
    return xph_fail(why, "no such kind of probe: %s", line->kind);
}

/* As tracefs_event_enable(), which reads the directories of all the kernel's events each time. */
static bool enable(struct tracefs_instance *instance, const char *system, const char *name)
{
    char path[256];

    errno = 0;
    return snprintf(path, sizeof(path), "events/%s/%s/enable", system, name) < (int)sizeof(path) &&
           tracefs_instance_file_write(instance, path, "1") > 0;
}

static bool add_line(struct kernel_probes *probes, struct probe_maker *maker,
                     const struct probe_line *line, struct xph_error *err)
{
    const char *system = probe_line_is(line, "event") ? line->where : KERNEL_PROBE_SYSTEM;
    struct xph_error why;

    if (have_event(probes, line->name))
        return true;
    if (!create_probe(line, maker, &why))
        return add_missing(probes, line->name, why.text, err);
    if (!enable(maker->instance, system, line->name))
        return add_missing(probes, line->name, strerror(errno ? errno : EIO), err);
    forget_missing(probes, line->name);
    return add_event(probes, system, line->name, err);
}

bool kernel_probes_add(struct kernel_probes *probes, struct tracefs_instance *instance,
                       const char *xen_version, const struct probe_set *set, struct xph_error *err)
{
    struct probe_maker maker = {.instance = instance, .xen_version = xen_version};
    char *readme = tracefs_instance_file_read(NULL, "README", NULL);
    char *text = strdup(set->text), *rest = text, *line_text;
    bool ok = text || xph_fail(err, "out of memory");

    maker.calls = probe_line_can_count_calls(readme) ? PROBE_CALLS_AT_ONCE : 0;
    free(readme);
    while (ok && (line_text = strtok_r(rest, "\n", &rest))) {
        struct probe_line line;

        if (probe_line_parse(line_text, &line))
            ok = add_line(probes, &maker, &line, err);
    }
    library_close(&maker.library);
    free(text);
    return ok;
}

char *kernel_probes_missing_text(const struct kernel_probes *probes)
{
    char *text = NULL;
    FILE *out = probes->missing_count ? open_memstream(&text, &(size_t){0}) : NULL;

    for (size_t i = 0; out && i < probes->missing_count; i++)
        fprintf(out, "%s%s: %s", i ? "; " : "", probes->missing[i].name, probes->missing[i].reason);
    if (out)
        fclose(out);
    return text;
}

uint64_t kernel_probes_missed(const struct kernel_probes *probes)
{
    char *profile = tracefs_instance_file_read(NULL, "kprobe_profile", NULL);
    uint64_t missed = 0;

    for (size_t i = 0; i < probes->count; i++) {
        if (strcmp(probes->events[i].system, KERNEL_PROBE_SYSTEM) == 0)
            missed += probe_line_missed(profile, probes->events[i].name);
    }
    free(profile);
    return missed;
}

/* How probes of ours that `file` of tracefs defines were removed, all or the one of the name. */
struct removal {
    unsigned removed;
    bool failed;
    struct xph_error why;
};

static void remove_one(const char *file, const char *name, struct removal *removal)
{
    char text[256];

    if (snprintf(text, sizeof(text), "-:" KERNEL_PROBE_SYSTEM "/%s\n", name) >= (int)sizeof(text))
        return;
    if (append(file, text)) {
        removal->removed++;
        return;
    }
    removal->failed = true;
    xph_fail_errno(&removal->why, errno,
                   "the probe " KERNEL_PROBE_SYSTEM "/%s is still there (is it used by another "
                   "trace instance or program?)",
                   name);
}

/* Its lines are definitions, as "p:SYSTEM/NAME ..." and "r512:SYSTEM/NAME ...". */
static void remove_defined(const char *file, const char *name, struct removal *removal)
{
    static const char ours[] = ":" KERNEL_PROBE_SYSTEM "/";
    char *text = tracefs_instance_file_read(NULL, file, NULL), *rest = text, *line;

    while (text && (line = strtok_r(rest, "\n", &rest))) {
        line += strcspn(line, ":");
        if (strncmp(line, ours, strlen(ours)) != 0)
            continue;
        line += strlen(ours);
        line[strcspn(line, " ")] = '\0';
        if (!name || strcmp(line, name) == 0)
            remove_one(file, line, removal);
    }
    free(text);
}

static bool defines_probe(const char *file)
{
    char *text = tracefs_instance_file_read(NULL, file, NULL);
    bool found = text && strstr(text, ":" KERNEL_PROBE_SYSTEM "/");

    free(text);
    return found;
}

bool kernel_probes_exist(void)
{
    return defines_probe("kprobe_events") || defines_probe("uprobe_events");
}

static struct removal remove_all(void)
{
    struct removal removal = {0};

    remove_defined("kprobe_events", NULL, &removal);
    remove_defined("uprobe_events", NULL, &removal);
    return removal;
}

unsigned kernel_probes_remove_all(void)
{
    return remove_all().removed;
}

bool kernel_probes_left(struct xph_error *why)
{
    struct removal removal = remove_all();

    if (removal.failed)
        *why = removal.why;
    return removal.failed;
}

void kernel_probes_remove(const struct kernel_probes *probes)
{
    for (size_t i = 0; i < probes->count; i++) {
        struct removal removal = {0};

        if (strcmp(probes->events[i].system, KERNEL_PROBE_SYSTEM) != 0)
            continue;
        remove_defined("kprobe_events", probes->events[i].name, &removal);
        if (removal.removed == 0)
            remove_defined("uprobe_events", probes->events[i].name, &removal);
    }
}

void kernel_probes_free(struct kernel_probes *probes)
{
    for (size_t i = 0; i < probes->count; i++) {
        free(probes->events[i].system);
        free(probes->events[i].name);
    }
    for (size_t i = 0; i < probes->missing_count; i++) {
        free(probes->missing[i].name);
        free(probes->missing[i].reason);
    }
    free(probes->events);
    free(probes->missing);
    *probes = (struct kernel_probes){0};
}
