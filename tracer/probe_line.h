/*
 * A line of a set of probes (probes/README.md), and what tracefs is told for it: without a kernel.
 */
#ifndef XPH_TRACER_PROBE_LINE_H
#define XPH_TRACER_PROBE_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* The system that all probes of ours are in, by which they are found again after a kill -9. */
#define KERNEL_PROBE_SYSTEM "xenphase"

/*
 * Calls of a kernel function that are under way at once and whose returns are all seen. By itself a
 * kernel before 6.2 follows as many as it has CPUs, or twice that, and a hypercall of a toolstack
 * may sleep. Each takes some 100 bytes of the kernel's memory.
 */
enum { PROBE_CALLS_AT_ONCE = 512 };

/* Its words cut apart; they point into the text. */
struct probe_line {
    char *kind, *name; /* for an event: the name after its system */
    char *where;       /* an event's system, a kernel probe's symbol, a user probe's library */
    char *function;    /* a user probe's, NULL for others */
    char *arguments;   /* "" if there are none */
};

/* Cuts `text` into words; false for a line that is empty, a comment or too short. */
bool probe_line_parse(char *text, struct probe_line *line);
bool probe_line_is(const struct probe_line *line, const char *kind);
bool probe_line_is_user(const struct probe_line *line);

/* Whether a kernel whose tracefs has this README lets a return probe say how many calls it follows
 * at once (Linux 4.12). An older one makes a probe of another name, without an error. */
bool probe_line_can_count_calls(const char *readme);

/* What to write to kprobe_events or uprobe_events for a probe at `where`, to be freed; NULL without
 * memory. `calls` is how many calls a return probe follows at once, 0: as the kernel likes. */
char *probe_line_definition(const struct probe_line *line, const char *where, unsigned calls);

/* How often a probe called `name` was passed over, by the text of tracefs's kprobe_profile. */
uint64_t probe_line_missed(const char *profile, const char *name);

#endif
