/* Values of both sides into the same groups and series. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/compare/compare.h"

const char *const xph_fact_names[XPH_FACTS] = {
    [XPH_FACT_OPERATION] = "operation", [XPH_FACT_ENDED_BY] = "ended_by",
    [XPH_FACT_TYPE] = "domain_type",    [XPH_FACT_VCPUS] = "vcpus",
    [XPH_FACT_MEMORY] = "memory_kib",   [XPH_FACT_LAYERED] = "layered",
    [XPH_FACT_HOST] = "host",           [XPH_FACT_XEN] = "xen",
    [XPH_FACT_KERNEL] = "kernel",       [XPH_FACT_PCPUS] = "pcpus",
    [XPH_FACT_EMULATION] = "emulation", [XPH_FACT_PLAN] = "plan",
};

enum { NUMBER_BYTES = 24 };

struct facts {
    const char *texts[XPH_FACTS];
    char vcpus[NUMBER_BYTES], memory[NUMBER_BYTES], pcpus[NUMBER_BYTES];
};

static void tell_facts(const struct xph_series_group *group, struct facts *facts)
{
    snprintf(facts->vcpus, NUMBER_BYTES, "%lld", (long long)group->vcpus);
    snprintf(facts->memory, NUMBER_BYTES, "%lld", (long long)group->memory_kib);
    snprintf(facts->pcpus, NUMBER_BYTES, "%lld", (long long)group->pcpus);
    facts->texts[XPH_FACT_OPERATION] = group->operation;
    facts->texts[XPH_FACT_ENDED_BY] = group->ended_by;
    facts->texts[XPH_FACT_TYPE] = group->domain_type;
    facts->texts[XPH_FACT_VCPUS] = facts->vcpus;
    facts->texts[XPH_FACT_MEMORY] = facts->memory;
    facts->texts[XPH_FACT_LAYERED] = group->layered ? "1" : "0";
    facts->texts[XPH_FACT_HOST] = group->host;
    facts->texts[XPH_FACT_XEN] = group->xen;
    facts->texts[XPH_FACT_KERNEL] = group->kernel;
    facts->texts[XPH_FACT_PCPUS] = facts->pcpus;
    facts->texts[XPH_FACT_EMULATION] = group->emulation;
    facts->texts[XPH_FACT_PLAN] = group->plan;
}

static bool is_alike(const struct xph_compared *compared, const struct xph_compared_group *group,
                     const struct facts *facts)
{
    for (size_t i = 0; i < XPH_CONDITIONS; i++) {
        if (!compared->free_facts[i] &&
            strcmp(group->facts[i].values[0].text, facts->texts[i]) != 0)
            return false;
    }
    return true;
}

static bool count_fact(struct xph_compared_fact *fact, const char *text, size_t side, size_t runs)
{
    struct xph_fact_value *more;
    size_t i = 0;

    while (i < fact->count && strcmp(fact->values[i].text, text) != 0)
        i++;
    if (i == fact->count) {
        more = reallocarray(fact->values, fact->count + 1, sizeof(*more));
        if (!more)
            return false;
        fact->values = more;
        more[i] = (struct xph_fact_value){.text = strdup(text)};
        if (!more[i].text)
            return false;
        fact->count++;
    }
    fact->values[i].runs[side] += runs;
    return true;
}

/* NULL without memory. */
static struct xph_compared_group *group_for(struct xph_compared *compared,
                                            const struct facts *facts)
{
    struct xph_compared_group *more;

    for (size_t i = 0; i < compared->count; i++) {
        if (is_alike(compared, &compared->groups[i], facts))
            return &compared->groups[i];
    }
    more = reallocarray(compared->groups, compared->count + 1, sizeof(*more));
    if (!more)
        return NULL;
    compared->groups = more;
    more[compared->count] = (struct xph_compared_group){.phases = 0};
    return &more[compared->count++];
}

/* Runs that come are without the phase until its series tells otherwise. */
static bool make_room(struct xph_compared_series *series, size_t side, size_t count, size_t more)
{
    double *values = reallocarray(series->values[side], count + more + 1, sizeof(*values));

    if (!values)
        return false;
    series->values[side] = values;
    memset(values + count, 0, (more + 1) * sizeof(*values));
    series->absent[side] += more;
    return true;
}

static bool take_factor(struct xph_compared_group *group, const char *text, size_t side,
                        size_t runs)
{
    double *more;

    if (side != 0)
        return true;
    more = reallocarray(group->factor, group->count[0] + runs + 1, sizeof(*more));
    if (!more)
        return false;
    group->factor = more;
    for (size_t i = 0; i < runs; i++)
        more[group->count[0] + i] = strtod(text, NULL);
    return true;
}

static bool take_group(void *context, const struct xph_series_group *group, struct xph_error *err)
{
    struct xph_collector *collector = context;
    struct xph_compared_group *taker;
    struct facts facts;
    size_t side = collector->side;
    bool ok;

    tell_facts(group, &facts);
    taker = group_for(collector->compared, &facts);
    ok = taker != NULL;
    for (size_t i = 0; ok && i < XPH_FACTS; i++)
        ok = count_fact(&taker->facts[i], facts.texts[i], side, group->count);
    if (ok && collector->compared->has_factor)
        ok = take_factor(taker, facts.texts[collector->compared->factor], side, group->count);
    for (size_t i = 0; ok && i < taker->series_count; i++)
        ok = make_room(&taker->series[i], side, taker->count[side], group->count);
    if (!ok)
        return xph_fail(err, "out of memory");
    collector->group = (size_t)(taker - collector->compared->groups);
    collector->start = taker->count[side];
    taker->count[side] += group->count;
    taker->operations[side] += group->operations;
    taker->doubtful[side] += group->doubtful;
    return true;
}

/* NULL without memory. */
static struct xph_compared_series *series_for(struct xph_compared_group *group, const char *phase,
                                              const char *layer)
{
    struct xph_compared_series *more;

    for (size_t i = 0; i < group->series_count; i++) {
        if (strcmp(group->series[i].phase, phase) == 0 &&
            strcmp(group->series[i].layer, layer) == 0)
            return &group->series[i];
    }
    more = reallocarray(group->series, group->series_count + 1, sizeof(*more));
    if (!more)
        return NULL;
    group->series = more;
    more += group->series_count++;
    *more = (struct xph_compared_series){.phase = strdup(phase), .layer = strdup(layer)};
    if (!more->phase || !more->layer || !make_room(more, 0, 0, group->count[0]) ||
        !make_room(more, 1, 0, group->count[1]))
        return NULL;
    return more;
}

static bool take_series(void *context, const struct xph_series_group *group,
                        const struct xph_series *series, struct xph_error *err)
{
    struct xph_collector *collector = context;
    struct xph_compared_series *taker =
        series_for(&collector->compared->groups[collector->group], series->phase, series->layer);

    if (!taker)
        return xph_fail(err, "out of memory");
    memcpy(taker->values[collector->side] + collector->start, series->values,
           group->count * sizeof(*series->values));
    taker->absent[collector->side] -= group->count - series->absent;
    return true;
}

struct xph_series_visitor xph_collector_visitor(struct xph_collector *collector)
{
    return (struct xph_series_visitor){take_group, take_series, collector};
}

static void free_group(struct xph_compared_group *group)
{
    for (size_t i = 0; i < XPH_FACTS; i++) {
        for (size_t v = 0; v < group->facts[i].count; v++)
            free(group->facts[i].values[v].text);
        free(group->facts[i].values);
    }
    for (size_t i = 0; i < group->series_count; i++) {
        free(group->series[i].phase);
        free(group->series[i].layer);
        free(group->series[i].values[0]);
        free(group->series[i].values[1]);
    }
    free(group->series);
    free(group->factor);
}

void xph_compared_free(struct xph_compared *compared)
{
    for (size_t i = 0; i < compared->count; i++)
        free_group(&compared->groups[i]);
    free(compared->groups);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < compared->identity_count[side]; i++)
            free(compared->identities[side][i]);
        free(compared->identities[side]);
    }
    *compared = (struct xph_compared){0};
}
