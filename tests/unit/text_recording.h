/*
 * A real recording that was made by other tools than the recorder, each of its files as that tool
 * wrote it: xentrace's, the text of tracefs, and lines of a watch on xenstore
 * (tests/data/README.md). All have dom0's TSC, which there is Xen's.
 */
#ifndef XPH_TESTS_UNIT_TEXT_RECORDING_H
#define XPH_TESTS_UNIT_TEXT_RECORDING_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/operation/domain_life.h"
#include "analyzer/path/evidence.h"
#include "tests/unit/domain_lives.h"

enum {
    TEXT_LINE_BYTES = 1024,
    TEXT_COMM_WIDTH = 16, /* of a task's name at a line's start; then -PID */
};
#define TEXT_RECORDING_KHZ UINT64_C(2599868)

struct text_recording {
    struct xph_recording recording;
    struct xph_doubts doubts;
    struct xph_evidence evidence;
    struct xph_domain_lives lives;
    struct xph_clock clock;
    struct xph_mapped_file whole; /* trace */
};

/* What of it is read. */
struct text_part {
    size_t trace_bytes; /* of Xen's trace, as if the recording was cut there; 0: all */
    uint32_t deaf_to;   /* the pid of a task whose hypercalls are left out; 0: none */
};

/* What follows "KEY=" in the line, or NULL. */
static const char *text_field(const char *line, const char *key)
{
    char wanted[32];
    const char *at;

    snprintf(wanted, sizeof(wanted), " %s=", key);
    at = strstr(line, wanted);
    return at ? at + strlen(wanted) : NULL;
}

static uint64_t text_number(const char *line, const char *key)
{
    const char *at = text_field(line, key);

    return at ? strtoull(at, NULL, 10) : 0;
}

static void text_word(const char *line, const char *key, char *word, size_t size)
{
    const char *at = text_field(line, key);

    snprintf(word, size, "%.*s", at ? (int)strcspn(at, " \n") : 0, at ? at : "");
}

/* The letters of Linux's TASK_* in sched_switch's text. */
static uint32_t text_task_state(const char *line)
{
    static const struct {
        const char *letter;
        uint32_t state;
    } states[] = {{"R+", XPH_KERNEL_PREEMPTED},
                  {"R", 0},
                  {"S", 1},
                  {"D", 2},
                  {"T", 4},
                  {"t", 8},
                  {"X", 0x10},
                  {"Z", 0x20},
                  {"P", 0x40},
                  {"I", 0x80},
                  {NULL, 0}};
    char letter[4];
    size_t i = 0;

    text_word(line, "prev_state", letter, sizeof(letter));
    while (states[i].letter && strcmp(states[i].letter, letter) != 0)
        i++;
    return states[i].state;
}

static void text_switch(const char *line, struct xph_kernel_event *event)
{
    event->schedule.previous_pid = (uint32_t)text_number(line, "prev_pid");
    event->schedule.next_pid = (uint32_t)text_number(line, "next_pid");
    event->schedule.previous_state = text_task_state(line);
    text_word(line, "prev_comm", event->schedule.previous_name, XPH_TASK_NAME_BYTES);
    text_word(line, "next_comm", event->schedule.next_name, XPH_TASK_NAME_BYTES);
}

static void text_waking(const char *line, struct xph_kernel_event *event)
{
    event->waking.pid = (uint32_t)text_number(line, "pid");
    event->waking.cpu = (uint32_t)text_number(line, "target_cpu");
    text_word(line, "comm", event->waking.name, XPH_TASK_NAME_BYTES);
}

static void text_fork(const char *line, struct xph_kernel_event *event)
{
    event->fork.child_pid = (uint32_t)text_number(line, "child_pid");
    text_word(line, "child_comm", event->fork.child_name, XPH_TASK_NAME_BYTES);
}

static void text_exec(const char *line, struct xph_kernel_event *event)
{
    event->exec.old_pid = (uint32_t)text_number(line, "old_pid");
    text_word(line, "filename", event->exec.path, XPH_KERNEL_TEXT_BYTES);
}

static void text_exit(const char *line, struct xph_kernel_event *event)
{
    text_word(line, "comm", event->exit.name, XPH_TASK_NAME_BYTES);
}

static void text_privcmd(const char *line, struct xph_kernel_event *event)
{
    event->privcmd.ioctl = (uint32_t)text_number(line, "cmd");
    event->privcmd.command = xph_privcmd_of_ioctl(event->privcmd.ioctl);
    event->privcmd.op = text_number(line, "op");
    event->privcmd.argument = text_number(line, "a0");
    event->privcmd.sub = (uint32_t)text_number(line, "domctl");
    event->privcmd.domain = (uint16_t)text_number(line, "dom");
    event->privcmd.word = text_number(line, "u0");
}

static void text_privcmd_end(const char *line, struct xph_kernel_event *event)
{
    event->privcmd_end.result = (int64_t)text_number(line, "ret");
}

static const struct {
    const char *name;
    enum xph_kernel_event_type type;
    void (*read)(const char *line, struct xph_kernel_event *event);
} text_events[] = {
    {" sched_switch:", XPH_KERNEL_SWITCH, text_switch},
    /* The recorder has sched_waking, which comes earlier and always names who woke it. */
    {" sched_wakeup:", XPH_KERNEL_WAKING, text_waking},
    {" sched_wakeup_new:", XPH_KERNEL_WAKING, text_waking},
    {" sched_process_fork:", XPH_KERNEL_FORK, text_fork},
    {" sched_process_exec:", XPH_KERNEL_EXEC, text_exec},
    {" sched_process_exit:", XPH_KERNEL_EXIT, text_exit},
    {" hc:", XPH_KERNEL_PRIVCMD, text_privcmd},
    {" hcr:", XPH_KERNEL_PRIVCMD_END, text_privcmd_end},
};

/* As "          xl-586     [001] d..2. 663570673517: sched_...: KEY=VALUE ...". */
static bool text_kernel_event(const char *line, struct xph_kernel_event *event)
{
    char flags[8] = "";
    unsigned cpu;
    size_t i = 0;

    *event = (struct xph_kernel_event){0};
    if (strlen(line) <= TEXT_COMM_WIDTH ||
        sscanf(line + TEXT_COMM_WIDTH, "-%" SCNu32 " [%u] %7s %" SCNu64 ":", &event->pid, &cpu,
               flags, &event->tsc) != 4)
        return false;
    while (i < sizeof(text_events) / sizeof(text_events[0]) && !strstr(line, text_events[i].name))
        i++;
    if (i == sizeof(text_events) / sizeof(text_events[0]))
        return false;
    event->cpu = (uint16_t)cpu;
    event->type = (uint16_t)text_events[i].type;
    text_events[i].read(line, event);
    if (event->type == XPH_KERNEL_WAKING)
        event->waking.interrupt = strlen(flags) > 2 && strchr("hHsZz", flags[2]) != NULL;
    return true;
}

/* The next of either source, into `next`; false at its end. */
static bool text_next_kernel(FILE *file, struct xph_joint_event *next)
{
    char line[TEXT_LINE_BYTES];

    next->source = XPH_SOURCE_KERNEL;
    while (fgets(line, sizeof(line), file)) {
        if (!text_kernel_event(line, &next->kernel))
            continue;
        next->tsc = next->kernel.tsc;
        return true;
    }
    return false;
}

static bool text_next_record(struct xph_timeline *timeline, struct xph_joint_event *next)
{
    next->source = XPH_SOURCE_XEN;
    if (!xph_timeline_next(timeline, &next->record))
        return false;
    next->tsc = next->record.tsc;
    return true;
}

/* As "678781246727 1795417857.338622 /local/domain/3/control/shutdown = suspend". `line` holds what
 * the event points to. */
static bool text_next_change(FILE *file, char *line, struct xph_joint_event *next)
{
    static const char between[] = " = ";
    char *path, *value;

    next->source = XPH_SOURCE_XENSTORE;
    if (!file || !fgets(line, TEXT_LINE_BYTES, file))
        return false;
    line[strcspn(line, "\n")] = '\0';
    next->tsc = strtoull(line, &path, 10);
    path = strchr(path + 1, ' ');
    value = path ? strstr(path, between) : NULL;
    if (!value)
        return text_next_change(file, line, next);
    path++;
    next->xenstore = (struct xph_xenstore_event){
        .tsc = next->tsc,
        .state = XPH_XENSTORE_VALUE,
        .path = path,
        .path_bytes = (uint32_t)(value - path),
        .value = value + sizeof(between) - 1,
        .value_bytes = (uint32_t)strlen(value + sizeof(between) - 1),
    };
    return true;
}

static bool text_leaves_out(const struct text_part *part, const struct xph_joint_event *event)
{
    return event->source == XPH_SOURCE_KERNEL && event->kernel.pid == part->deaf_to &&
           part->deaf_to != 0 &&
           (event->kernel.type == XPH_KERNEL_PRIVCMD ||
            event->kernel.type == XPH_KERNEL_PRIVCMD_END);
}

/* Those of the three sources in one order of time; where Xen's trace is cut, the others end, too.
 */
static void text_read_events(struct text_recording *text, struct xph_joint *joint, FILE *kernel,
                             FILE *xenstore, const struct text_part *part)
{
    struct xph_evidence_reading reading;
    struct xph_error err = {0};
    char line[TEXT_LINE_BYTES];
    struct xph_joint_event *first;
    bool ok = xph_evidence_begin(&reading, &text->evidence, joint, NULL, &err);

    assert_true(ok);
    joint->sources[XPH_SOURCE_KERNEL].over =
        !text_next_kernel(kernel, &joint->sources[XPH_SOURCE_KERNEL].next);
    joint->sources[XPH_SOURCE_XEN].over =
        !text_next_record(&joint->timeline, &joint->sources[XPH_SOURCE_XEN].next);
    joint->sources[XPH_SOURCE_XENSTORE].over =
        !text_next_change(xenstore, line, &joint->sources[XPH_SOURCE_XENSTORE].next);
    while (ok) {
        first = NULL;
        for (int i = 0; i < XPH_SOURCES; i++) {
            struct xph_joint_source *source = &joint->sources[i];

            if (i != XPH_SOURCE_SAMPLES && i != XPH_SOURCE_CONSOLE && !source->over &&
                (!first || source->next.tsc < first->tsc))
                first = &source->next;
        }
        if (!first || (part->trace_bytes > 0 && joint->sources[XPH_SOURCE_XEN].over))
            break;
        first->ns = xph_clock_ns(&joint->clock, first->tsc);
        joint->sources[first->source].events++;
        ok = text_leaves_out(part, first) || xph_evidence_take(&reading, first, &err);
        if (first->source == XPH_SOURCE_KERNEL)
            joint->sources[first->source].over = !text_next_kernel(kernel, first);
        else if (first->source == XPH_SOURCE_XEN)
            joint->sources[first->source].over = !text_next_record(&joint->timeline, first);
        else
            joint->sources[first->source].over = !text_next_change(xenstore, line, first);
    }
    assert_true(xph_evidence_end(&reading, ok, &text->doubts, &err));
}

static FILE *text_open_file(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? NULL : fdopen(fd, "r");
}

static void text_recording_open(struct text_recording *text, const char *directory,
                                const struct text_part *part)
{
    struct xph_joint *joint = calloc(1, sizeof(*joint));
    struct xph_timeline timeline;
    struct xph_error err = {0};
    FILE *kernel, *xenstore;

    *text = (struct text_recording){0};
    text->recording.dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(joint && text->recording.dirfd >= 0);
    text->recording.manifest.tsc_khz = TEXT_RECORDING_KHZ;
    text->recording.manifest.pcpus = 2;
    text->recording.manifest.emulation = (char[]){"tcg"};
    assert_true(xph_map_file(text->recording.dirfd, XPH_FILE_TRACE, &text->whole, &err));
    text->recording.trace = text->whole;
    if (part->trace_bytes > 0)
        text->recording.trace.size = part->trace_bytes;
    joint->recording = &text->recording;
    assert_true(xph_timeline_open_recording(&joint->timeline, &text->recording, NULL, &err));
    joint->clock = text->clock = joint->timeline.clock;
    kernel = text_open_file(text->recording.dirfd, "ftrace.txt");
    xenstore = text_open_file(text->recording.dirfd, "xenstore.txt");
    assert_non_null(kernel);
    text_read_events(text, joint, kernel, xenstore, part);
    fclose(kernel);
    if (xenstore)
        fclose(xenstore);
    xph_timeline_close(&joint->timeline);
    free(joint);
    assert_true(xph_timeline_open_recording(&timeline, &text->recording, NULL, &err));
    assert_true(read_domain_lives(&text->lives, &timeline, &text->recording, &err));
    xph_timeline_close(&timeline);
}

static void text_recording_close(struct text_recording *text)
{
    xph_domain_lives_free(&text->lives);
    xph_evidence_close(&text->evidence);
    xph_unmap_file(&text->whole);
    close(text->recording.dirfd);
}

#endif
