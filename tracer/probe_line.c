#include "tracer/probe_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool probe_line_is(const struct probe_line *line, const char *kind)
{
    return strcmp(line->kind, kind) == 0;
}

bool probe_line_is_user(const struct probe_line *line)
{
    return probe_line_is(line, "uprobe") || probe_line_is(line, "uretprobe");
}

bool probe_line_parse(char *text, struct probe_line *line)
{
    char *rest = text, *first, *second;

    line->kind = strtok_r(rest, " \t", &rest);
    if (!line->kind || *line->kind == '#')
        return false;
    first = strtok_r(rest, " \t", &rest);
    second = strtok_r(rest, " \t", &rest);
    if (!second)
        return false;
    line->name = probe_line_is(line, "event") ? second : first;
    line->where = probe_line_is(line, "event") ? first : second;
    line->function = NULL;
    if (probe_line_is_user(line)) {
        line->function = strtok_r(rest, " \t", &rest);
        if (!line->function)
            return false;
    }
    line->arguments = rest;
    return true;
}

bool probe_line_can_count_calls(const char *readme)
{
    return readme && strstr(readme, "r[maxactive]");
}

char *probe_line_definition(const struct probe_line *line, const char *where, unsigned calls)
{
    char kind[16] = "p", *text;

    if (probe_line_is(line, "kretprobe") && calls > 0)
        snprintf(kind, sizeof(kind), "r%u", calls);
    else if (probe_line_is(line, "kretprobe") || probe_line_is(line, "uretprobe"))
        kind[0] = 'r';
    if (asprintf(&text, "%s:" KERNEL_PROBE_SYSTEM "/%s %s %s\n", kind, line->name, where,
                 line->arguments) < 0)
        return NULL;
    return text;
}

/* Lines as "  NAME  HITS  MISSED"; which system a probe is in is not told. */
uint64_t probe_line_missed(const char *profile, const char *name)
{
    uint64_t sum = 0, missed;
    char found[128];

    while (profile && *profile != '\0') {
        if (sscanf(profile, " %127s %*u %" SCNu64, found, &missed) == 2 && strcmp(found, name) == 0)
            sum += missed;
        profile += strcspn(profile, "\n");
        profile += *profile == '\n';
    }
    return sum;
}
