#include "analyzer/summary/crew.h"

#include <errno.h>
#include <stdlib.h>

struct member {
    struct xph_crew *crew;
    unsigned number;
};

/* Does tasks as long as there are any. The lock is held at call and return. */
static void work(struct xph_crew *crew, unsigned number)
{
    while (crew->next < crew->count) {
        size_t task = crew->next++;

        pthread_mutex_unlock(&crew->lock);
        crew->run(crew->context, task, number);
        pthread_mutex_lock(&crew->lock);
    }
}

static void *serve(void *argument)
{
    struct member member = *(struct member *)argument;
    struct xph_crew *crew = member.crew;
    unsigned round = 0;

    free(argument);
    pthread_mutex_lock(&crew->lock);
    for (;;) {
        while (crew->round == round && !crew->leaving)
            pthread_cond_wait(&crew->begin, &crew->lock);
        if (crew->leaving)
            break;
        round = crew->round;
        work(crew, member.number);
        if (--crew->busy == 0)
            pthread_cond_signal(&crew->end);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static int start(struct xph_crew *crew, unsigned number)
{
    struct member *member = malloc(sizeof(*member));
    int errnum;

    if (!member)
        return ENOMEM;
    *member = (struct member){crew, number};
    errnum = pthread_create(&crew->threads[number - 1], NULL, serve, member);
    if (errnum != 0)
        free(member);
    return errnum;
}

bool xph_crew_open(struct xph_crew *crew, unsigned size, struct xph_error *err)
{
    *crew = (struct xph_crew){.size = 1};
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->begin, NULL);
    pthread_cond_init(&crew->end, NULL);
    crew->threads = calloc(size, sizeof(*crew->threads));
    if (!crew->threads) {
        xph_crew_close(crew);
        return xph_fail(err, "out of memory");
    }
    for (; crew->size < size; crew->size++) {
        int errnum = start(crew, crew->size);

        if (errnum != 0) {
            xph_crew_close(crew);
            return xph_fail_errno(err, errnum, "cannot start a thread");
        }
    }
    return true;
}

void xph_crew_close(struct xph_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->leaving = true;
    pthread_cond_broadcast(&crew->begin);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned number = 1; number < crew->size; number++)
        pthread_join(crew->threads[number - 1], NULL);
    free(crew->threads);
    pthread_cond_destroy(&crew->begin);
    pthread_cond_destroy(&crew->end);
    pthread_mutex_destroy(&crew->lock);
}

void xph_crew_run(struct xph_crew *crew, xph_crew_task *run, void *context, size_t count)
{
    pthread_mutex_lock(&crew->lock);
    crew->run = run;
    crew->context = context;
    crew->next = 0;
    crew->count = count;
    crew->busy = crew->size - 1;
    crew->round++;
    pthread_cond_broadcast(&crew->begin);
    work(crew, 0);
    while (crew->busy > 0)
        pthread_cond_wait(&crew->end, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}
