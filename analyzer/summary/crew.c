#include "analyzer/summary/crew.h"

#include <stdlib.h>

struct member {
    pthread_t thread;
    xph_crew_work *work;
    void *context;
    unsigned number;
};

static void *serve(void *argument)
{
    const struct member *member = argument;

    member->work(member->context, member->number);
    return NULL;
}

bool xph_crew_run(unsigned size, xph_crew_work *work, void *context, struct xph_error *err)
{
    struct member *members = calloc(size, sizeof(*members));
    unsigned started = 1;
    int errnum = 0;

    if (!members)
        return xph_fail(err, "out of memory for %u threads", size);
    for (; started < size && errnum == 0; started += errnum == 0) {
        members[started] = (struct member){.work = work, .context = context, .number = started};
        errnum = pthread_create(&members[started].thread, NULL, serve, &members[started]);
    }
    work(context, 0);
    for (unsigned i = 1; i < started; i++)
        pthread_join(members[i].thread, NULL);
    free(members);
    return errnum == 0 || xph_fail_errno(err, errnum, "cannot start a thread");
}
