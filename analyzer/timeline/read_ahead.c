#include "analyzer/timeline/read_ahead.h"

#include <stdlib.h>

/* A lane whose next batch is to be read; NULL if there is none now. */
static struct xph_read_ahead_lane *find_lane(struct xph_read_ahead *reading)
{
    for (size_t tried = 0; tried < reading->count; tried++) {
        struct xph_read_ahead_lane *lane = &reading->lanes[reading->next];

        if (!lane->ready && !lane->over)
            return lane;
        reading->next = reading->next + 1 < reading->count ? reading->next + 1 : 0;
    }
    return NULL;
}

static void *read_lanes(void *context)
{
    struct xph_read_ahead *reading = context;

    pthread_mutex_lock(&reading->lock);
    while (!reading->leaving) {
        struct xph_read_ahead_lane *lane = find_lane(reading);

        if (!lane) {
            pthread_cond_wait(&reading->wanted, &reading->lock);
            continue;
        }
        pthread_mutex_unlock(&reading->lock);
        xph_sieved_lane_read(lane->lane, reading->census, reading->sieve, &reading->limits,
                             &lane->ahead);
        pthread_mutex_lock(&reading->lock);
        lane->ready = true;
        lane->over = lane->ahead.last;
        pthread_cond_signal(&reading->ready);
    }
    pthread_mutex_unlock(&reading->lock);
    return NULL;
}

static void close_reading(struct xph_read_ahead *reading)
{
    for (size_t i = 0; reading->lanes && i < reading->count; i++)
        xph_sieved_batch_close(&reading->lanes[i].ahead);
    free(reading->lanes);
    pthread_cond_destroy(&reading->wanted);
    pthread_cond_destroy(&reading->ready);
    pthread_mutex_destroy(&reading->lock);
    free(reading);
}

static bool open_lanes(struct xph_read_ahead *reading, struct xph_sieved_lane *const *lanes)
{
    reading->lanes = calloc(reading->count + 1, sizeof(*reading->lanes));
    for (size_t i = 0; reading->lanes && i < reading->count; i++) {
        reading->lanes[i].lane = lanes[i];
        reading->lanes[i].over = lanes[i] == NULL;
        if (!xph_sieved_batch_open(&reading->lanes[i].ahead, &reading->limits))
            return false;
    }
    return reading->lanes != NULL;
}

struct xph_read_ahead *xph_read_ahead_start(struct xph_sieved_lane *const *lanes, size_t count,
                                            struct xph_event_census *census,
                                            const struct xph_sieve *sieve,
                                            const struct xph_sieved_limits *limits)
{
    struct xph_read_ahead *reading = malloc(sizeof(*reading));

    if (!reading)
        return NULL;
    *reading = (struct xph_read_ahead){
        .census = census, .sieve = sieve, .limits = *limits, .count = count};
    pthread_mutex_init(&reading->lock, NULL);
    pthread_cond_init(&reading->wanted, NULL);
    pthread_cond_init(&reading->ready, NULL);
    if (open_lanes(reading, lanes) &&
        pthread_create(&reading->thread, NULL, read_lanes, reading) == 0)
        return reading;
    close_reading(reading);
    return NULL;
}

void xph_read_ahead_take(struct xph_read_ahead *reading, size_t lane,
                         struct xph_sieved_batch *batch)
{
    struct xph_read_ahead_lane *from = &reading->lanes[lane];
    struct xph_sieved_batch taken;

    pthread_mutex_lock(&reading->lock);
    while (!from->ready) {
        reading->next = lane;
        pthread_cond_wait(&reading->ready, &reading->lock);
    }
    taken = from->ahead;
    from->ahead = *batch;
    from->ready = false;
    pthread_cond_signal(&reading->wanted);
    pthread_mutex_unlock(&reading->lock);
    *batch = taken;
}

void xph_read_ahead_stop(struct xph_read_ahead *reading)
{
    if (!reading)
        return;
    pthread_mutex_lock(&reading->lock);
    reading->leaving = true;
    pthread_cond_signal(&reading->wanted);
    pthread_mutex_unlock(&reading->lock);
    pthread_join(reading->thread, NULL);
    close_reading(reading);
}
