#include "recording/manifest_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_type { STRING, BOOLEAN, INT32, UINT32, UINT64, REAL, INSTANT, CLOCK_PAIR };

/* A scalar of the manifest: where it stands in the JSON document and in the struct. */
struct field {
    const char *path; /* object names separated by dots */
    enum field_type type;
    size_t offset;
};

#define FIELD(path, type, member)                                                                  \
    {                                                                                              \
        path, type, offsetof(struct xph_manifest, member)                                          \
    }

static const struct field manifest_fields[] = {
    FIELD("recorder_version", STRING, recorder_version),
    FIELD("priority_refused", STRING, priority_refused),
    FIELD("state_reason", STRING, state_reason),
    FIELD("command.ended", BOOLEAN, command_ended),
    FIELD("command.exit_status", INT32, exit_status),
    FIELD("command.pid", UINT32, command_pid),
    FIELD("command.start", INSTANT, command_start),
    FIELD("command.end", INSTANT, command_end),
    FIELD("recording.start", INSTANT, recording_start),
    FIELD("recording.end", INSTANT, recording_end),
    FIELD("recording.ring_bytes", UINT64, ring_bytes),
    FIELD("recording.triggered_by", STRING, triggered_by),
    FIELD("recording.ended_by", STRING, ended_by),
    FIELD("recording.until", STRING, until),
    FIELD("recording.until_rule", STRING, until_rule),
    FIELD("host.name", STRING, hostname),
    FIELD("host.cpu_model", STRING, cpu_model),
    FIELD("host.pcpus", UINT32, pcpus),
    FIELD("host.memory_kib", UINT64, memory_kib),
    FIELD("host.emulation", STRING, emulation),
    FIELD("host.xen.version", STRING, xen_version),
    FIELD("host.xen.command_line", STRING, xen_command_line),
    FIELD("host.dom0.kernel", STRING, dom0_kernel),
    FIELD("host.dom0.command_line", STRING, dom0_command_line),
    FIELD("host.dom0.vcpus", UINT32, dom0_vcpus),
    FIELD("host.tsc.khz", UINT64, tsc_khz),
    FIELD("host.tsc.khz_measured", UINT64, tsc_khz_measured),
    FIELD("host.tsc.pair_at_start", CLOCK_PAIR, clock_start),
    FIELD("host.tsc.pair_at_end", CLOCK_PAIR, clock_end),
    FIELD("host.tsc.offset", CLOCK_PAIR, clock_offset),
    FIELD("sources.xentrace.events", STRING, trace_events),
    FIELD("sources.xentrace.mask", UINT32, trace_mask),
    FIELD("sources.xentrace.pages_wanted", UINT32, trace_pages_wanted),
    FIELD("sources.xentrace.pages", UINT32, trace_pages),
    FIELD("sources.xentrace.bytes", UINT64, trace_bytes),
    FIELD("sources.xentrace.lost_records", UINT64, trace_lost_records),
    FIELD("sources.xentrace.off_count", UINT32, trace_off_count),
    FIELD("sources.xentrace.off_ns", UINT64, trace_off_ns),
    FIELD("sources.xentrace.tail_loss", BOOLEAN, trace_tail_loss),
    FIELD("sources.xentrace.unrecorded_pcpus", STRING, trace_unrecorded),
    FIELD("sources.sampler.hz_wanted", UINT32, sample_hz_wanted),
    FIELD("sources.sampler.hz_achieved", REAL, sample_hz_achieved),
    FIELD("sources.sampler.samples", UINT64, samples),
    FIELD("sources.sampler.late_mean_ns", UINT64, sample_late_mean_ns),
    FIELD("sources.sampler.late_max_ns", UINT64, sample_late_max_ns),
    FIELD("sources.sampler.cpu_ns", UINT64, sample_cost_ns),
    FIELD("sources.kernel.sets", STRING, kernel_sets),
    FIELD("sources.kernel.unavailable", STRING, kernel_unavailable),
    FIELD("sources.kernel.missing", STRING, kernel_missing),
    FIELD("sources.kernel.events", UINT32, kernel_events),
    FIELD("sources.kernel.buffer_kib", UINT32, kernel_buffer_kib),
    FIELD("sources.kernel.bytes", UINT64, kernel_bytes),
    FIELD("sources.kernel.lost_events", UINT64, kernel_lost_events),
    FIELD("sources.kernel.missed_events", UINT64, kernel_missed_events),
    FIELD("sources.xenstore.wanted", BOOLEAN, xenstore_wanted),
    FIELD("sources.xenstore.unavailable", STRING, xenstore_unavailable),
    FIELD("sources.xenstore.events", UINT64, xenstore_events),
    FIELD("sources.xenstore.dropped_events", UINT64, xenstore_dropped_events),
    FIELD("sources.console.wanted", BOOLEAN, console_wanted),
    FIELD("sources.console.bytes", UINT64, console_bytes),
    FIELD("sources.console.lost_bytes", UINT64, console_lost_bytes),
    FIELD("sources.console.serial_unavailable", STRING, console_serial_unavailable),
    FIELD("sources.console.serial_lost_writes", UINT64, console_serial_lost_writes),
    FIELD("dropped_domains", UINT64, dropped_domains),
};

/* Between two clocks; so much that nothing overflows when such are added. */
#define MAX_CYCLES (INT64_C(1) << 60)

enum { FIELD_COUNT = sizeof(manifest_fields) / sizeof(manifest_fields[0]) };

/* JSON wants UTF-8, while names and arguments are any bytes: what is no UTF-8 is kept as \xNN. */
json_t *xph_text_to_json(const char *text)
{
    json_t *value;
    char *escaped;
    size_t length;

    if (!text)
        return json_null();
    value = json_string(text);
    if (value)
        return value;
    length = strlen(text);
    escaped = malloc(length * 4 + 1);
    if (!escaped)
        return NULL;
    for (size_t from = 0, to = 0; from <= length; from++) {
        if ((unsigned char)text[from] < 0x80)
            escaped[to++] = text[from];
        else
            to += (size_t)sprintf(escaped + to, "\\x%02x", (unsigned char)text[from]);
    }
    value = json_string(escaped);
    free(escaped);
    return value;
}

json_t *xph_instant_to_json(const struct xph_instant *instant)
{
    return json_pack("{s:I, s:I}", "tsc", (json_int_t)instant->tsc, "monotonic_ns",
                     (json_int_t)instant->monotonic_ns);
}

static json_t *clock_pair_to_json(const struct xph_clock_pair *pair)
{
    if (!pair->matched)
        return json_null();
    return json_pack("{s:I, s:I}", "xen_minus_dom0", (json_int_t)pair->xen_minus_dom0, "error",
                     (json_int_t)pair->error);
}

static json_t *field_to_json(const struct xph_manifest *manifest, const struct field *field)
{
    const void *member = (const char *)manifest + field->offset;

    switch (field->type) {
    case STRING:
        return xph_text_to_json(*(char *const *)member);
    case BOOLEAN:
        return json_boolean(*(const bool *)member);
    case INT32:
        return json_integer(*(const int *)member);
    case UINT32:
        return json_integer(*(const uint32_t *)member);
    case UINT64:
        return json_integer((json_int_t) * (const uint64_t *)member);
    case REAL:
        return json_real(*(const double *)member);
    case INSTANT:
        return xph_instant_to_json(member);
    case CLOCK_PAIR:
        return clock_pair_to_json(member);
    }
    return NULL;
}

/* The object that holds the last name of `path`, made on the way if `create`; *name is that last
 * name. */
static json_t *walk_path(json_t *root, const char *path, bool create, const char **name)
{
    const char *dot;

    while ((dot = strchr(path, '.')) != NULL) {
        char part[32];
        json_t *child;

        snprintf(part, sizeof(part), "%.*s", (int)(dot - path), path);
        child = json_object_get(root, part);
        if (!child && create) {
            child = json_object();
            if (json_object_set_new(root, part, child) != 0)
                return NULL;
        }
        root = child;
        path = dot + 1;
    }
    *name = path;
    return root;
}

bool xph_manifest_fields_to_json(const struct xph_manifest *manifest, json_t *root)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *name;
        json_t *parent = walk_path(root, manifest_fields[i].path, true, &name);

        if (!parent ||
            json_object_set_new(parent, name, field_to_json(manifest, &manifest_fields[i])))
            return false;
    }
    return true;
}

bool xph_json_to_instant(const json_t *value, struct xph_instant *instant)
{
    const json_t *tsc = json_object_get(value, "tsc");
    const json_t *monotonic = json_object_get(value, "monotonic_ns");

    if (!json_is_integer(tsc) || !json_is_integer(monotonic))
        return false;
    instant->tsc = (uint64_t)json_integer_value(tsc);
    instant->monotonic_ns = (uint64_t)json_integer_value(monotonic);
    return true;
}

bool xph_json_to_text(const json_t *value, char **text)
{
    if (json_is_null(value))
        return true;
    if (!json_is_string(value))
        return false;
    *text = strdup(json_string_value(value));
    return *text != NULL;
}

static bool json_to_clock_pair(const json_t *value, struct xph_clock_pair *pair)
{
    const json_t *difference = json_object_get(value, "xen_minus_dom0");
    const json_t *error = json_object_get(value, "error");

    pair->tried = true;
    if (json_is_null(value))
        return true;
    pair->matched = true;
    pair->xen_minus_dom0 = json_integer_value(difference);
    pair->error = (uint64_t)json_integer_value(error);
    return json_is_integer(difference) && json_is_integer(error) &&
           json_integer_value(error) >= 0 && json_integer_value(error) <= MAX_CYCLES &&
           pair->xen_minus_dom0 >= -MAX_CYCLES && pair->xen_minus_dom0 <= MAX_CYCLES;
}

static bool json_to_field(const json_t *value, const struct field *field,
                          struct xph_manifest *manifest)
{
    void *member = (char *)manifest + field->offset;
    json_int_t number = json_integer_value(value);

    switch (field->type) {
    case STRING:
        return xph_json_to_text(value, member);
    case BOOLEAN:
        *(bool *)member = json_is_true(value);
        return json_is_boolean(value);
    case INT32:
        *(int *)member = (int)number;
        return json_is_integer(value) && number == (int)number;
    case UINT32:
        *(uint32_t *)member = (uint32_t)number;
        return json_is_integer(value) && number == (uint32_t)number;
    case UINT64:
        *(uint64_t *)member = (uint64_t)number;
        return json_is_integer(value) && number >= 0;
    case REAL:
        *(double *)member = json_number_value(value);
        return json_is_number(value);
    case INSTANT:
        return xph_json_to_instant(value, member);
    case CLOCK_PAIR:
        return json_to_clock_pair(value, member);
    }
    return false;
}

bool xph_manifest_fields_from_json(json_t *root, struct xph_manifest *manifest,
                                   struct xph_error *err)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *name;
        json_t *parent = walk_path(root, manifest_fields[i].path, false, &name);
        json_t *value = json_object_get(parent, name);

        /* A missing field is an older recorder's; a wrong one is damage. */
        if (value && !json_to_field(value, &manifest_fields[i], manifest))
            return xph_fail(err, "manifest.json: field %s is not of the right kind",
                            manifest_fields[i].path);
    }
    return true;
}

void xph_manifest_fields_free(struct xph_manifest *manifest)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (manifest_fields[i].type == STRING)
            free(*(char **)((char *)manifest + manifest_fields[i].offset));
    }
}
