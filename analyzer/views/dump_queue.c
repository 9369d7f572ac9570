#include "analyzer/views/dump_queue.h"

#include <errno.h>
#include <stdlib.h>

#include "analyzer/decode/threads.h"
#include "recording/files.h"

static struct xph_dump_batch *batch_of(const struct xph_dump_queue *queue, unsigned number)
{
    return &queue->batches[number % XPH_DUMP_BATCHES];
}

static void print_batch(struct xph_dump_queue *queue, struct xph_dump *dump,
                        struct xph_dump_batch *batch)
{
    batch->text.used = 0;
    dump->output = &batch->text;
    for (size_t i = 0; i < batch->count; i++) {
        xph_dump_count(dump, &batch->items[i]);
        queue->view(dump, &batch->items[i]);
    }
}

/* The dump's output has nothing in its buffer: the text goes straight to its file. */
static void write_batch(struct xph_output *output, const struct xph_dump_batch *batch)
{
    struct iovec iov = {batch->text.buffer, batch->text.used};
    struct xph_error err = {0};

    if (output->errnum == 0)
        output->errnum = batch->text.errnum;
    if (output->errnum == 0 && iov.iov_len > 0 && !xph_write_all(output->fd, &iov, 1, &err))
        output->errnum = err.errnum ? err.errnum : EIO;
}

/* What follows, up to print_batches(), is called with the lock held. */

/* Writes the next batch in order if it is printed and nobody else writes. */
static bool write_next(struct xph_dump_queue *queue)
{
    struct xph_dump_batch *batch = batch_of(queue, queue->written);

    if (queue->writing || queue->written == queue->begun || !batch->printed)
        return false;
    queue->writing = true;
    pthread_mutex_unlock(&queue->lock);
    write_batch(queue->dump->output, batch);
    pthread_mutex_lock(&queue->lock);
    batch->printed = false;
    queue->writing = false;
    queue->written++;
    queue->failed = queue->dump->output->errnum != 0;
    pthread_cond_broadcast(&queue->changed);
    return true;
}

static bool print_next(struct xph_dump_queue *queue, struct xph_dump_printer *printer)
{
    struct xph_dump_batch *batch = batch_of(queue, queue->begun);

    if (queue->begun == queue->filled)
        return false;
    queue->begun++;
    pthread_mutex_unlock(&queue->lock);
    print_batch(queue, &printer->dump, batch);
    pthread_mutex_lock(&queue->lock);
    batch->printed = true;
    pthread_cond_broadcast(&queue->changed);
    return true;
}

static void *print_batches(void *context)
{
    struct xph_dump_printer *printer = context;
    struct xph_dump_queue *queue = printer->queue;

    pthread_mutex_lock(&queue->lock);
    while (!queue->finished || queue->written < queue->filled) {
        if (!write_next(queue) && !print_next(queue, printer))
            pthread_cond_wait(&queue->changed, &queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static bool open_batches(struct xph_dump_queue *queue, struct xph_error *err)
{
    queue->batches = calloc(XPH_DUMP_BATCHES, sizeof(*queue->batches));
    if (!queue->batches)
        return xph_fail(err, "out of memory");
    for (unsigned i = 0; i < XPH_DUMP_BATCHES; i++) {
        if (!xph_output_open_memory(&queue->batches[i].text, err))
            return false;
    }
    return true;
}

static bool open_printers(struct xph_dump_queue *queue, struct xph_error *err)
{
    unsigned cpus = xph_usable_cpus();

    for (; queue->opened < XPH_DUMP_PRINTERS && (queue->opened == 0 || queue->opened < cpus);
         queue->opened++) {
        struct xph_dump_printer *printer = &queue->printers[queue->opened];

        printer->queue = queue;
        if (!xph_dump_open(&printer->dump, queue->dump->layouts, queue->dump->symbols, NULL, err)) {
            xph_dump_close(&printer->dump);
            return false;
        }
    }
    return true;
}

static void free_all(struct xph_dump_queue *queue)
{
    for (unsigned i = 0; i < queue->opened; i++)
        xph_dump_close(&queue->printers[i].dump);
    for (unsigned i = 0; queue->batches && i < XPH_DUMP_BATCHES; i++)
        free(queue->batches[i].text.buffer);
    free(queue->batches);
    queue->batches = NULL;
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
}

bool xph_dump_queue_open(struct xph_dump_queue *queue, struct xph_dump *dump, xph_dump_record *view,
                         struct xph_error *err)
{
    *queue = (struct xph_dump_queue){.dump = dump, .view = view};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    if (!open_batches(queue, err) || !open_printers(queue, err)) {
        free_all(queue);
        return false;
    }
    /* With fewer threads it takes longer. */
    for (queue->started = 1; queue->started < queue->opened; queue->started++) {
        struct xph_dump_printer *printer = &queue->printers[queue->started];

        if (pthread_create(&printer->thread, NULL, print_batches, printer) != 0)
            break;
    }
    return true;
}

/* Gives away the batch that is full, and waits for one that is free: meanwhile this thread does
 * what the others have not come to. False if the output failed. */
static bool pass_batch(struct xph_dump_queue *queue)
{
    bool failed;

    pthread_mutex_lock(&queue->lock);
    queue->filled++;
    pthread_cond_broadcast(&queue->changed);
    while (queue->filled - queue->written == XPH_DUMP_BATCHES) {
        if (!write_next(queue) && !print_next(queue, &queue->printers[0]))
            pthread_cond_wait(&queue->changed, &queue->lock);
    }
    failed = queue->failed;
    pthread_mutex_unlock(&queue->lock);
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

static void add_counts(struct xph_dump *to, const struct xph_dump *from)
{
    to->unknown_records += from->unknown_records;
    to->ambiguous_records += from->ambiguous_records;
    to->addresses += from->addresses;
    to->addresses_named += from->addresses_named;
}

void xph_dump_queue_close(struct xph_dump_queue *queue)
{
    pass_batch(queue);
    pthread_mutex_lock(&queue->lock);
    queue->finished = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    print_batches(&queue->printers[0]);
    for (unsigned i = 1; i < queue->started; i++)
        pthread_join(queue->printers[i].thread, NULL);
    for (unsigned i = 0; i < queue->opened; i++)
        add_counts(queue->dump, &queue->printers[i].dump);
    free_all(queue);
}
