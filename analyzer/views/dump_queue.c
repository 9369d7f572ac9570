#include "analyzer/views/dump_queue.h"

#include <sched.h>
#include <stdlib.h>

static struct xph_dump_batch *batch_of(const struct xph_dump_queue *queue, unsigned number)
{
    return &queue->batches[number % XPH_DUMP_BATCHES];
}

static void print_batch(struct xph_dump_queue *queue, const struct xph_dump_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        xph_dump_count(queue->dump, &batch->items[i]);
        queue->view(queue->dump, &batch->items[i]);
    }
}

static void *print_batches(void *context)
{
    struct xph_dump_queue *queue = context;

    pthread_mutex_lock(&queue->lock);
    for (;;) {
        while (queue->printed == queue->ready && !queue->finished)
            pthread_cond_wait(&queue->changed, &queue->lock);
        if (queue->printed == queue->ready)
            break;
        pthread_mutex_unlock(&queue->lock);
        print_batch(queue, batch_of(queue, queue->printed));
        pthread_mutex_lock(&queue->lock);
        queue->printed++;
        queue->failed = queue->dump->output->errnum != 0;
        pthread_cond_signal(&queue->changed);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static bool has_two_cpus(void)
{
    cpu_set_t cpus;

    return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

bool xph_dump_queue_open(struct xph_dump_queue *queue, struct xph_dump *dump, xph_dump_record *view,
                         struct xph_error *err)
{
    *queue = (struct xph_dump_queue){.dump = dump, .view = view};
    queue->batches = malloc(XPH_DUMP_BATCHES * sizeof(*queue->batches));
    if (!queue->batches)
        return xph_fail(err, "out of memory");
    queue->batches[0].count = 0;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    queue->threaded =
        has_two_cpus() && pthread_create(&queue->thread, NULL, print_batches, queue) == 0;
    return true;
}

/* Gives the batch that is full to the other thread, and waits for one that is free. False if the
 * output failed. */
static bool pass_batch(struct xph_dump_queue *queue)
{
    bool failed;

    queue->filled++;
    if (!queue->threaded) {
        print_batch(queue, batch_of(queue, queue->filled - 1));
        failed = queue->dump->output->errnum != 0;
    } else {
        pthread_mutex_lock(&queue->lock);
        queue->ready = queue->filled;
        pthread_cond_signal(&queue->changed);
        while (queue->filled - queue->printed == XPH_DUMP_BATCHES)
            pthread_cond_wait(&queue->changed, &queue->lock);
        failed = queue->failed;
        pthread_mutex_unlock(&queue->lock);
    }
    batch_of(queue, queue->filled)->count = 0;
    return !failed;
}

struct xph_dump_item *xph_dump_queue_next(struct xph_dump_queue *queue)
{
    struct xph_dump_batch *batch = batch_of(queue, queue->filled);

    if (batch->count == XPH_DUMP_BATCH) {
        if (!pass_batch(queue))
            return NULL;
        batch = batch_of(queue, queue->filled);
    }
    return &batch->items[batch->count++];
}

void xph_dump_queue_take_back(struct xph_dump_queue *queue, const struct xph_dump_item *item)
{
    if (item)
        batch_of(queue, queue->filled)->count--;
}

void xph_dump_queue_close(struct xph_dump_queue *queue)
{
    pass_batch(queue);
    if (queue->threaded) {
        pthread_mutex_lock(&queue->lock);
        queue->finished = true;
        pthread_cond_signal(&queue->changed);
        pthread_mutex_unlock(&queue->lock);
        pthread_join(queue->thread, NULL);
    }
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    free(queue->batches);
    queue->batches = NULL;
}
