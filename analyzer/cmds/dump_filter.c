#include "analyzer/cmds/dump_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/decode/events.h"
#include "analyzer/machine/machine.h"

#define NS_PER_SECOND   UINT64_C(1000000000)
#define AROUND_WIDTH_NS UINT64_C(10000000) /* on either side, where nothing is said */

enum { MAX_SECOND_DIGITS = 9, DECIMALS = 9, EVENT_NAME = 64 };

void xph_dump_filter_open(struct xph_dump_filter *filter)
{
    *filter = (struct xph_dump_filter){.to_ns = UINT64_MAX, .domid = -1, .vcpu = -1, .pcpu = -1};
}

/* Seconds with up to nine decimals; returns where they end, NULL if they are none. */
static const char *parse_seconds(const char *text, uint64_t *ns)
{
    unsigned digits = 0;

    *ns = 0;
    for (; *text >= '0' && *text <= '9'; text++, digits++)
        *ns = *ns * 10 + (unsigned)(*text - '0');
    if (digits == 0 || digits > MAX_SECOND_DIGITS)
        return NULL;
    *ns *= NS_PER_SECOND;
    if (*text != '.')
        return text;
    text++;
    for (uint64_t unit = NS_PER_SECOND / 10; *text >= '0' && *text <= '9'; text++, unit /= 10)
        *ns += (unsigned)(*text - '0') * unit;
    return text;
}

static bool parse_time(const char *option, const char *text, uint64_t *ns, struct xph_error *err)
{
    const char *end = parse_seconds(text, ns);

    if (end && *end == '\0')
        return true;
    return xph_fail(err, "--%s wants seconds since the start, such as 1.25, not '%s'", option,
                    text);
}

bool xph_dump_filter_from(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    return parse_time("from", text, &filter->from_ns, err);
}

bool xph_dump_filter_to(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    return parse_time("to", text, &filter->to_ns, err);
}

bool xph_dump_filter_around(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    uint64_t middle, width = AROUND_WIDTH_NS;
    const char *end = parse_seconds(text, &middle);

    if (end && *end == ',')
        end = parse_seconds(end + 1, &width);
    if (!end || *end != '\0')
        return xph_fail(err,
                        "--around wants seconds since the start, and perhaps a comma and how many "
                        "on either side, such as 1.25,0.001, not '%s'",
                        text);
    filter->from_ns = middle > width ? middle - width : 0;
    filter->to_ns = middle + width;
    return true;
}

static bool parse_number(const char *text, char stop, uint16_t *number, const char **end)
{
    char *after;
    unsigned long value;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoul(text, &after, 10);
    *number = (uint16_t)value;
    *end = after;
    return errno == 0 && value <= UINT16_MAX && *after == stop;
}

static bool parse_one(const char *option, const char *text, int32_t *number, struct xph_error *err)
{
    const char *end;
    uint16_t value;

    if (!parse_number(text, '\0', &value, &end))
        return xph_fail(err, "--%s wants a number up to %d, not '%s'", option, UINT16_MAX, text);
    *number = value;
    return true;
}

bool xph_dump_filter_domain(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    return parse_one("domain", text, &filter->domid, err);
}

bool xph_dump_filter_pcpu(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    return parse_one("pcpu", text, &filter->pcpu, err);
}

bool xph_dump_filter_vcpu(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    uint16_t domid = XPH_IDLE_DOMID, vcpu;
    const char *end = text;

    if (strncmp(text, "idle", 4) == 0)
        end = text + 4;
    else if (*text == 'd' && parse_number(text + 1, 'v', &domid, &end))
        end++;
    if (end == text || !parse_number(end, '\0', &vcpu, &end))
        return xph_fail(err, "--vcpu wants a vCPU such as d0v1 or idle0, not '%s'", text);
    filter->domid = domid;
    filter->vcpu = vcpu;
    return true;
}

bool xph_dump_filter_event(struct xph_dump_filter *filter, const char *text, struct xph_error *err)
{
    if (filter->event_count == XPH_DUMP_MAX_EVENTS)
        return xph_fail(err, "--event can be given %d times", XPH_DUMP_MAX_EVENTS);
    filter->events[filter->event_count++] = text;
    return true;
}

static bool parse_id(const char *text, uint32_t *id)
{
    char *end;
    unsigned long value;

    if (strncmp(text, "0x", 2) != 0)
        return false;
    value = strtoul(text, &end, 16);
    *id = (uint32_t)value;
    return end > text + 2 && *end == '\0' && value <= UINT32_MAX;
}

static bool event_matches(const char *wanted, uint32_t event, const char *name)
{
    uint32_t id;

    if (parse_id(wanted, &id))
        return event == id;
    return strcmp(wanted, xph_event_class_name(event)) == 0 || fnmatch(wanted, name, 0) == 0;
}

static bool is_class(const char *wanted)
{
    for (unsigned bit = 16; bit < 28; bit++) {
        if (strcmp(wanted, xph_event_class_name(UINT32_C(1) << bit)) == 0)
            return *wanted != '?';
    }
    return false;
}

bool xph_dump_filter_select(const struct xph_dump_filter *filter, struct xph_layouts *layouts,
                            struct xph_error *err)
{
    for (size_t i = 0; i < layouts->count; i++)
        layouts->layouts[i].selected = filter->event_count == 0;
    for (size_t wanted = 0; wanted < filter->event_count; wanted++) {
        const char *text = filter->events[wanted];
        uint32_t id;
        bool found = parse_id(text, &id) || is_class(text) || strpbrk(text, "*?[") != NULL;

        for (size_t i = 0; i < layouts->count; i++) {
            struct xph_layout *layout = &layouts->layouts[i];
            char name[XPH_LAYOUT_LABEL + 1];

            snprintf(name, sizeof(name), "%.*s", layout->name_length, layout->label);
            if (event_matches(text, layout->event, name))
                layout->selected = found = true;
        }
        if (!found)
            return xph_fail(err,
                            "no event is called '%s' (xenphase dump --list-events shows all; "
                            "hvm:* or hvm are several)",
                            text);
    }
    return true;
}

static bool unknown_event_passes(const struct xph_dump_filter *filter, uint32_t event)
{
    char name[EVENT_NAME];

    snprintf(name, sizeof(name), "%s:0x%08x", xph_event_class_name(event), event);
    for (size_t i = 0; i < filter->event_count; i++) {
        if (event_matches(filter->events[i], event, name))
            return true;
    }
    return filter->event_count == 0;
}

static bool is_wanted_vcpu(const struct xph_dump_filter *filter, uint32_t domid, uint32_t vcpu)
{
    return (int64_t)domid == filter->domid && (filter->vcpu < 0 || (int64_t)vcpu == filter->vcpu);
}

static bool names_wanted_vcpu(const struct xph_dump_filter *filter, const struct xph_layout *layout,
                              const struct xph_record *record)
{
    for (unsigned i = 0; layout && i < layout->field_count; i++) {
        const struct xph_field *field = &layout->fields[i];
        uint32_t domid, vcpu;

        if (!xph_field_present(field, record->extra_words))
            return false;
        if (xph_field_vcpu(field, record, &domid, &vcpu) && is_wanted_vcpu(filter, domid, vcpu))
            return true;
        if (field->kind == XPH_FIELD_DOMAIN && filter->vcpu < 0 &&
            xph_field_value(field, record) == (uint64_t)filter->domid)
            return true;
    }
    return false;
}

bool xph_dump_filter_is_open(const struct xph_dump_filter *filter)
{
    return filter->from_ns == 0 && filter->to_ns == UINT64_MAX && filter->domid < 0 &&
           filter->pcpu < 0 && filter->event_count == 0;
}

bool xph_dump_filter_passes(const struct xph_dump_filter *filter, const struct xph_dump_item *item)
{
    const struct xph_record *record = &item->record;

    if (record->time_ns < filter->from_ns || record->time_ns > filter->to_ns)
        return false;
    if (item->layout ? !item->layout->selected : !unknown_event_passes(filter, record->event))
        return false;
    if (filter->pcpu >= 0 && record->pcpu != filter->pcpu)
        return false;
    if (filter->domid < 0)
        return true;
    return (item->vcpu != XPH_NO_VCPU &&
            is_wanted_vcpu(filter, item->vcpu >> 16, item->vcpu & 0xffff)) ||
           names_wanted_vcpu(filter, item->layout, record);
}
