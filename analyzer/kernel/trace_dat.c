#include "analyzer/kernel/trace_dat.h"

#include <errno.h>
#include <event-parse.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <trace-cmd.h>
#include <unistd.h>

#include "analyzer/kernel/kernel_event.h"

enum {
    MAX_FIELDS = 6,
    MAX_EVENT_IDS = 1 << 16, /* the ring buffer's common_type has 16 bits */
    EVENTS_AT_ONCE = 512,    /* through the pipe */
    IN_INTERRUPT = 0x18,     /* TRACE_FLAG_HARDIRQ, TRACE_FLAG_SOFTIRQ of trace_events.h */
};

#define OUR_PROBES "xenphase" /* the system of the recorder's own probes */
#define END_SUFFIX "_end"     /* of a probe at a function's return */

/* A field of the kernel's event, and where it goes. */
struct field_row {
    const char *name;
    uint16_t offset, size; /* in struct xph_kernel_event */
    bool text, optional;
};

struct event_row {
    const char *system, *name;
    enum xph_kernel_event_type type;
    struct field_row fields[MAX_FIELDS]; /* up to one without a name */
};

#define PLACE(member)                                                                              \
    offsetof(struct xph_kernel_event, member), sizeof(((struct xph_kernel_event *)0)->member)
#define NUMBER(name, member)                                                                       \
    {                                                                                              \
        name, PLACE(member), false, false                                                          \
    }
#define MAYBE_NUMBER(name, member)                                                                 \
    {                                                                                              \
        name, PLACE(member), false, true                                                           \
    }
#define TEXT(name, member)                                                                         \
    {                                                                                              \
        name, PLACE(member), true, false                                                           \
    }
#define MAYBE_TEXT(name, member)                                                                   \
    {                                                                                              \
        name, PLACE(member), true, true                                                            \
    }

/* Names by Linux's include/trace/events/ and probes/dom0/. Not all kernels have all fields. */
static const struct event_row event_rows[] = {
    {"sched",
     "sched_switch",
     XPH_KERNEL_SWITCH,
     {NUMBER("prev_pid", schedule.previous_pid), TEXT("prev_comm", schedule.previous_name),
      NUMBER("prev_state", schedule.previous_state), NUMBER("next_pid", schedule.next_pid),
      TEXT("next_comm", schedule.next_name)}},
    {"sched",
     "sched_waking",
     XPH_KERNEL_WAKING,
     {NUMBER("pid", waking.pid), TEXT("comm", waking.name), NUMBER("target_cpu", waking.cpu)}},
    {"sched",
     "sched_process_fork",
     XPH_KERNEL_FORK,
     {NUMBER("child_pid", fork.child_pid), TEXT("child_comm", fork.child_name)}},
    {"sched",
     "sched_process_exec",
     XPH_KERNEL_EXEC,
     {NUMBER("old_pid", exec.old_pid), TEXT("filename", exec.path)}},
    {"sched", "sched_process_exit", XPH_KERNEL_EXIT, {TEXT("comm", exit.name)}},
    {OUR_PROBES,
     "hypercall",
     XPH_KERNEL_PRIVCMD,
     {NUMBER("cmd", privcmd.ioctl), NUMBER("op", privcmd.op), NUMBER("arg", privcmd.argument),
      NUMBER("sub", privcmd.sub), NUMBER("domain", privcmd.domain), NUMBER("word", privcmd.word)}},
    {OUR_PROBES, "hypercall_end", XPH_KERNEL_PRIVCMD_END, {NUMBER("result", privcmd_end.result)}},
    {OUR_PROBES,
     "xenbus_state",
     XPH_KERNEL_XENBUS_STATE,
     {NUMBER("state", xenbus.state), MAYBE_TEXT("node", xenbus.node)}},
    {"block",
     "block_rq_issue",
     XPH_KERNEL_BLOCK_ISSUE,
     {NUMBER("dev", block.device), NUMBER("sector", block.sector),
      NUMBER("nr_sector", block.sectors), MAYBE_TEXT("rwbs", block.rwbs)}},
    {"block",
     "block_rq_complete",
     XPH_KERNEL_BLOCK_COMPLETE,
     {NUMBER("dev", block.device), NUMBER("sector", block.sector),
      NUMBER("nr_sector", block.sectors), MAYBE_TEXT("rwbs", block.rwbs),
      MAYBE_NUMBER("error", block.error)}},
    {"net",
     "net_dev_xmit",
     XPH_KERNEL_NET_SEND,
     {NUMBER("len", net.bytes), MAYBE_TEXT("name", net.device)}},
    {"irq",
     "irq_handler_entry",
     XPH_KERNEL_INTERRUPT,
     {NUMBER("irq", interrupt.irq), TEXT("name", interrupt.name)}},
    {"net",
     "netif_receive_skb",
     XPH_KERNEL_NET_RECEIVE,
     {NUMBER("len", net.bytes), MAYBE_TEXT("name", net.device)}},
};

/* Of the recorder's other probes, each at a function of a library. */
static const struct event_row call_row = {
    NULL, NULL, XPH_KERNEL_CALL, {MAYBE_NUMBER("domain", call.value)}};
static const struct event_row call_end_row = {
    NULL, NULL, XPH_KERNEL_CALL_END, {MAYBE_NUMBER("result", call.value)}};
static const struct event_row other_row = {NULL, NULL, XPH_KERNEL_OTHER, {{0}}};

/* How to take an event of one id apart. */
struct decoder {
    const struct tep_event *event;
    const struct event_row *row;
    /* NULL where it has none */
    const struct tep_format_field *pid, *flags, *fields[MAX_FIELDS];
};

struct reader {
    int out;
    struct tep_handle *tep;
    uint64_t file_bytes, page_bytes;         /* of the ring buffer's pages in the file */
    struct decoder *decoders[MAX_EVENT_IDS]; /* by id, made when the first of them comes */
    uint8_t pids_seen[XPH_KERNEL_MAX_PID / 8];
    size_t filled;
    struct xph_kernel_event events[EVENTS_AT_ONCE];
};

static bool flush(struct reader *reader)
{
    const char *at = (const char *)reader->events;
    size_t left = reader->filled * sizeof(reader->events[0]);

    while (left > 0) {
        ssize_t written = write(reader->out, at, left);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        left -= (size_t)written;
    }
    reader->filled = 0;
    return true;
}

static bool put(struct reader *reader, const struct xph_kernel_event *event)
{
    reader->events[reader->filled++] = *event;
    return reader->filled < EVENTS_AT_ONCE || flush(reader);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length > tail && strcmp(text + length - tail, end) == 0;
}

static const struct event_row *find_row(const struct tep_event *event)
{
    for (size_t i = 0; i < sizeof(event_rows) / sizeof(event_rows[0]); i++) {
        if (strcmp(event->system, event_rows[i].system) == 0 &&
            strcmp(event->name, event_rows[i].name) == 0)
            return &event_rows[i];
    }
    if (strcmp(event->system, OUR_PROBES) != 0)
        return &other_row;
    return ends_with(event->name, END_SUFFIX) ? &call_end_row : &call_row;
}

/* False where the event lacks a field of the row that must be there. */
static bool find_fields(struct decoder *decoder)
{
    struct tep_event *event = (struct tep_event *)(uintptr_t)decoder->event;

    for (size_t i = 0; i < MAX_FIELDS && decoder->row->fields[i].name; i++) {
        decoder->fields[i] = tep_find_field(event, decoder->row->fields[i].name);
        if (!decoder->fields[i] && !decoder->row->fields[i].optional)
            return false;
    }
    return true;
}

static struct decoder *find_decoder(struct reader *reader, struct tep_record *record)
{
    struct decoder *decoder;
    struct tep_event *event;
    uint16_t id;

    if (record->size < (int)sizeof(id))
        return NULL;
    memcpy(&id, record->data, sizeof(id));
    if (reader->decoders[id])
        return reader->decoders[id];
    event = tep_find_event(reader->tep, id);
    decoder = event ? calloc(1, sizeof(*decoder)) : NULL;
    if (!decoder)
        return NULL;
    decoder->event = event;
    decoder->row = find_row(event);
    decoder->pid = tep_find_common_field(event, "common_pid");
    decoder->flags = tep_find_common_field(event, "common_flags");
    if (!find_fields(decoder))
        decoder->row = &other_row;
    reader->decoders[id] = decoder;
    return decoder;
}

static bool inside(const struct tep_record *record, long offset, long size)
{
    return offset >= 0 && size >= 0 && offset <= record->size && size <= record->size - offset;
}

static bool read_number(const struct tep_format_field *field, const struct tep_record *record,
                        int64_t *value)
{
    int bits = field->size * 8;
    uint64_t number = 0;

    if (field->size < 1 || field->size > (int)sizeof(number) ||
        !inside(record, field->offset, field->size))
        return false;
    memcpy(&number, (const char *)record->data + field->offset, (size_t)field->size);
    if ((field->flags & TEP_FIELD_IS_SIGNED) && bits < 64 && (number >> (bits - 1) & 1))
        number |= ~UINT64_C(0) << bits;
    *value = (int64_t)number;
    return true;
}

/* Copies the text's end, if all of it is too long. */
static void copy_text(char *to, size_t size, const char *text, size_t length)
{
    length = strnlen(text, length);
    if (length >= size) {
        text += length - (size - 1);
        length = size - 1;
    }
    memcpy(to, text, length);
    to[length] = '\0';
}

static bool read_text(const struct tep_format_field *field, const struct tep_record *record,
                      char *to, size_t size)
{
    long offset = field->offset, length = field->size;
    uint32_t place;

    if (!inside(record, offset, length))
        return false;
    /* Where the text is, and its length: 16 bits each. */
    if (field->flags & TEP_FIELD_IS_DYNAMIC) {
        if (length != (long)sizeof(place))
            return false;
        memcpy(&place, (const char *)record->data + offset, sizeof(place));
        offset = (field->flags & TEP_FIELD_IS_RELATIVE ? offset + length : 0) + (place & 0xffff);
        length = place >> 16;
        if (!inside(record, offset, length))
            return false;
    }
    copy_text(to, size, (const char *)record->data + offset, (size_t)length);
    return true;
}

static bool read_field(const struct field_row *row, const struct tep_format_field *field,
                       const struct tep_record *record, struct xph_kernel_event *event)
{
    char *to = (char *)event + row->offset;
    int64_t value;

    if (row->text)
        return read_text(field, record, to, row->size);
    if (!read_number(field, record, &value))
        return false;
    memcpy(to, &value, row->size);
    return true;
}

static void finish_event(const struct decoder *decoder, struct xph_kernel_event *event)
{
    const char *name = decoder->event->name;
    size_t length = strlen(name);

    switch (event->type) {
    case XPH_KERNEL_PRIVCMD:
        event->privcmd.command = (uint16_t)xph_privcmd_of_ioctl(event->privcmd.ioctl);
        break;
    case XPH_KERNEL_CALL:
    case XPH_KERNEL_CALL_END:
        event->call.has_value = decoder->fields[0] != NULL;
        if (event->type == XPH_KERNEL_CALL_END)
            length -= strlen(END_SUFFIX);
        copy_text(event->call.function, sizeof(event->call.function), name, length);
        break;
    case XPH_KERNEL_OTHER:
        copy_text(event->other.name, sizeof(event->other.name), name, length);
        break;
    }
}

/* False for one whose fields do not lie inside it. */
static bool decode(const struct decoder *decoder, const struct tep_record *record,
                   struct xph_kernel_event *event)
{
    const struct event_row *row = decoder->row;
    int64_t pid = 0, flags = 0;

    *event = (struct xph_kernel_event){
        .tsc = record->ts, .cpu = (uint16_t)record->cpu, .type = (uint16_t)row->type};
    if (decoder->pid && !read_number(decoder->pid, record, &pid))
        return false;
    event->pid = (uint32_t)pid;
    for (size_t i = 0; i < MAX_FIELDS && row->fields[i].name; i++) {
        if (decoder->fields[i] && !read_field(&row->fields[i], decoder->fields[i], record, event) &&
            !row->fields[i].optional)
            return false;
    }
    if (decoder->flags && !read_number(decoder->flags, record, &flags))
        return false;
    if (event->type == XPH_KERNEL_WAKING)
        event->waking.interrupt = (flags & IN_INTERRUPT) != 0;
    finish_event(decoder, event);
    return true;
}

/* What the file's table of names says of a pid, when it is first met. */
static bool put_name(struct reader *reader, const struct xph_kernel_event *event)
{
    struct xph_kernel_event name = {
        .tsc = event->tsc, .type = XPH_KERNEL_NAME, .cpu = event->cpu, .pid = event->pid};
    uint8_t *seen = &reader->pids_seen[event->pid / 8], bit = (uint8_t)(1 << event->pid % 8);
    const char *text;

    if (*seen & bit)
        return true;
    *seen |= bit;
    if (!tep_is_pid_registered(reader->tep, (int)event->pid))
        return true;
    text = tep_data_comm_from_pid(reader->tep, (int)event->pid);
    copy_text(name.name.name, sizeof(name.name.name), text, strlen(text));
    return put(reader, &name);
}

/* The library believes an event of how long it is, and would let us read what lies behind its page.
 */
static bool lies_in_page(const struct reader *reader, const struct tep_record *record)
{
    uint64_t at = record->offset % reader->page_bytes, size = (uint64_t)record->record_size;

    return record->size >= 0 && record->record_size > record->size &&
           size <= reader->page_bytes - at && record->offset <= reader->file_bytes &&
           size <= reader->file_bytes - record->offset;
}

static int take(struct tracecmd_input *input, struct tep_record *record, int cpu, void *context)
{
    struct reader *reader = context;
    struct decoder *decoder = NULL;
    struct xph_kernel_event event;

    (void)input;
    (void)cpu;
    if (lies_in_page(reader, record))
        decoder = find_decoder(reader, record);
    /* What cannot be decoded is told as an event that is not valid. */
    if (!decoder || !decode(decoder, record, &event))
        event = (struct xph_kernel_event){
            .tsc = record->ts, .cpu = (uint16_t)record->cpu, .type = XPH_KERNEL_EVENT_TYPES};
    if (event.pid < XPH_KERNEL_MAX_PID && !put_name(reader, &event))
        return 1;
    if (record->missed_events != 0) {
        struct xph_kernel_event lost = {
            .tsc = event.tsc, .type = XPH_KERNEL_LOST, .cpu = event.cpu, .pid = event.pid};

        lost.lost.count = record->missed_events > 0 ? (uint64_t)record->missed_events : 0;
        if (!put(reader, &lost))
            return 1;
    }
    return put(reader, &event) ? 0 : 1;
}

/* Sizes that the library knows, but does not tell: trace-cmd.dat.v6(5) has that of a page behind
 * ten bytes of magic, the version's text, and a byte each for the order of bytes and a long's size.
 */
static bool measure(struct reader *reader, int in)
{
    enum { MAGIC_BYTES = 10, BEFORE_SIZE = 2 };
    char head[32] = "";
    struct stat status;
    uint32_t page_bytes;
    size_t at;

    if (fstat(in, &status) != 0 || pread(in, head, sizeof(head), 0) != (ssize_t)sizeof(head))
        return false;
    at = MAGIC_BYTES + strnlen(head + MAGIC_BYTES, sizeof(head) - MAGIC_BYTES) + 1 + BEFORE_SIZE;
    if (at > sizeof(head) - sizeof(page_bytes))
        return false;
    memcpy(&page_bytes, head + at, sizeof(page_bytes));
    reader->page_bytes = page_bytes;
    reader->file_bytes = (uint64_t)status.st_size;
    return page_bytes != 0 && (page_bytes & (page_bytes - 1)) == 0;
}

/* What is wrong with the file, NULL if nothing is. */
static const char *read_events(struct reader *reader, int in)
{
    /* Plugins are for printing, and would be code from elsewhere. */
    struct tracecmd_input *input =
        tracecmd_open_fd(in, TRACECMD_FL_LOAD_NO_PLUGINS | TRACECMD_FL_LOAD_NO_SYSTEM_PLUGINS);

    if (!input || !measure(reader, in))
        return "it is not a file of trace-cmd";
    reader->tep = tracecmd_get_tep(input);
    errno = 0;
    if (tracecmd_iterate_events(input, NULL, 0, take, reader) != 0)
        return "it could not be read to its end";
    /* To the library that is the end of the file. */
    return errno == ENOMEM ? "there was not memory enough to read it to its end" : NULL;
}

static int run(int in, int out, const void *context)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    struct xph_kernel_event end = {.type = XPH_TRACE_DAT_END};
    const char *trouble;

    (void)context;
    if (!reader)
        return 1;
    reader->out = out;
    trouble = read_events(reader, in);
    if (trouble)
        copy_text(end.other.name, sizeof(end.other.name), trouble, strlen(trouble));
    /* The process ends here, and all that it holds with it. */
    return put(reader, &end) && flush(reader) ? 0 : 1;
}

xph_worker_function *const xph_trace_dat_worker = run;
