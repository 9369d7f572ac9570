#include "analyzer/report/gather.h"

#include <stdlib.h>

#include "analyzer/report/sieves.h"

/* Of some ten million records of run states. */
enum { RUN_LOG_BYTES = 8 << 20 };

static bool take_interval(void *context, const struct xph_runstate_interval *interval,
                          struct xph_error *err)
{
    struct xph_gathered *gathered = context;

    xph_run_log_add(&gathered->runs, interval);
    return xph_domain_lives_interval(&gathered->lives, interval, err);
}

static bool take_events(struct xph_gathered *gathered, struct xph_evidence_reading *reading,
                        struct xph_joint *joint, struct xph_error *err)
{
    struct xph_joint_event event;

    while (xph_joint_next(joint, &event)) {
        if (!xph_evidence_take(reading, &event, err) ||
            (event.source == XPH_SOURCE_XEN &&
             !xph_domain_lives_record(&gathered->lives, &event.record, err)))
            return false;
    }
    return xph_domain_lives_machine(&gathered->lives, &reading->host.machine, err);
}

/* `skew` watches how the pCPUs' TSCs differ. */
static bool read_joint(struct xph_gathered *gathered, struct xph_joint *joint,
                       struct xph_skew *skew, struct xph_doubts *doubts, struct xph_error *err)
{
    const struct xph_machine_observer observer = {take_interval, gathered};
    struct xph_evidence_reading reading;
    bool ok;

    if (!xph_evidence_begin(&reading, &gathered->evidence, joint, &observer, err))
        return false;
    reading.host.machine.skew = skew;
    ok = take_events(gathered, &reading, joint, err);
    return xph_evidence_end(&reading, ok, doubts, err);
}

static bool read_sources(struct xph_gathered *gathered, const struct xph_recording *recording,
                         struct xph_joint *joint, struct xph_doubts *doubts, struct xph_error *err)
{
    struct xph_skew skew;
    bool ok;

    gathered->clock = joint->clock;
    if (!xph_skew_open(&skew, err))
        return false;
    ok = read_joint(gathered, joint, &skew, doubts, err);
    xph_skew_close(&skew);
    if (!ok)
        return false;
    xph_run_log_end(&gathered->runs);
    return xph_domain_lives_end(&gathered->lives, &joint->clock, joint->timeline.last_ns,
                                &recording->samples, err);
}

static bool read_recording(struct xph_gathered *gathered, const struct xph_recording *recording,
                           struct xph_joint *joint, struct xph_doubts *doubts,
                           struct xph_error *err)
{
    if (xph_domain_lives_begin(&gathered->lives, &recording->manifest, err) &&
        xph_run_log_open(&gathered->runs, RUN_LOG_BYTES, err) &&
        read_sources(gathered, recording, joint, doubts, err))
        return true;
    xph_gathered_free(gathered);
    return false;
}

/* Believes the sizes of windows, or not. *wrong: it should not have. */
static bool gather_with(enum xph_window_trust trust, struct xph_gathered *gathered,
                        const struct xph_recording *recording, struct xph_doubts *doubts,
                        bool *wrong, struct xph_error *err)
{
    const struct xph_timeline_options options = {&xph_sieve_of_gathering, trust};
    struct xph_joint *joint = malloc(sizeof(*joint));
    bool ok;

    *gathered = (struct xph_gathered){0};
    if (!joint)
        return xph_fail(err, "out of memory");
    ok = xph_joint_open(joint, recording, &options, err);
    if (ok) {
        xph_timeline_read_ahead(&joint->timeline);
        ok = read_recording(gathered, recording, joint, doubts, err);
        *wrong = joint->timeline.damage.findings[XPH_DAMAGE_HIDDEN].count > 0;
        xph_joint_close(joint);
    }
    free(joint);
    return ok;
}

bool xph_gather(struct xph_gathered *gathered, const struct xph_recording *recording,
                struct xph_doubts *doubts, struct xph_error *err)
{
    size_t doubts_before = doubts->count;
    bool wrong;

    if (!gather_with(XPH_BELIEVE_SIZES, gathered, recording, doubts, &wrong, err))
        return false;
    if (!wrong)
        return true;
    /* Rare enough to begin again. */
    xph_gathered_free(gathered);
    doubts->count = doubts_before;
    return gather_with(XPH_WALK_RECORDS, gathered, recording, doubts, &wrong, err);
}

void xph_gathered_free(struct xph_gathered *gathered)
{
    xph_evidence_close(&gathered->evidence);
    xph_run_log_close(&gathered->runs);
    xph_domain_lives_free(&gathered->lives);
}
