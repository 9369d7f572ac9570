/*
 * Domains' lives read by themselves, without what a report reads beside them.
 */
#ifndef XPH_TESTS_UNIT_DOMAIN_LIVES_H
#define XPH_TESTS_UNIT_DOMAIN_LIVES_H

#include "analyzer/machine/follow.h"
#include "analyzer/operation/domain_life.h"

static bool take_interval_of_life(void *context, const struct xph_runstate_interval *interval,
                                  struct xph_error *err)
{
    return xph_domain_lives_interval(context, interval, err);
}

static bool take_record_of_life(void *context, const struct xph_machine *machine,
                                const struct xph_record *record, struct xph_error *err)
{
    (void)machine;
    return xph_domain_lives_record(context, record, err);
}

/* `timeline` is read to its end. On failure there is nothing to free. */
static bool read_domain_lives(struct xph_domain_lives *lives, struct xph_timeline *timeline,
                              const struct xph_recording *recording, struct xph_error *err)
{
    const struct xph_follower follower = {take_interval_of_life, take_record_of_life, lives,
                                          &lives->skew};

    if (xph_domain_lives_begin(lives, &recording->manifest, err) &&
        xph_machine_follow(timeline, &follower, lives->contradictions, err) &&
        xph_domain_lives_end(lives, &timeline->clock, timeline->last_ns, &recording->samples, err))
        return true;
    xph_domain_lives_free(lives);
    return false;
}

#endif
