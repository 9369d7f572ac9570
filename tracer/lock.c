#include "tracer/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* /run is emptied at boot, as Xen's tracing state is. */
#define LOCK_PATH "/run/xenphase-record.lock"

/* A mask of 0 is one, too: nothing was traced. */
struct left_over recorder_lock_read_note(const char *note)
{
    char *end;
    unsigned long mask = strtoul(note, &end, 0);

    return (struct left_over){end != note, (uint32_t)mask};
}

bool recorder_lock_take(struct recorder_lock *lock, struct left_over *left, struct xph_error *err)
{
    char note[32] = "";

    lock->fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock->fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", LOCK_PATH);
    if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
        close(lock->fd);
        lock->fd = -1;
        return xph_fail(err, "another xenphase-record is running: wait for it or stop it (pgrep -a "
                             "xenphase-record)");
    }
    if (pread(lock->fd, note, sizeof(note) - 1, 0) < 0)
        note[0] = '\0';
    *left = recorder_lock_read_note(note);
    return true;
}

bool recorder_lock_note(struct recorder_lock *lock, uint32_t mask, struct xph_error *err)
{
    if (ftruncate(lock->fd, 0) != 0 || dprintf(lock->fd, "0x%08x\n", mask) < 0)
        return xph_fail_errno(err, errno, "cannot write %s", LOCK_PATH);
    return true;
}

void recorder_lock_drop(struct recorder_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

void recorder_lock_release(struct recorder_lock *lock)
{
    /* An empty file says: nothing left to put back. Should this fail, the next recorder puts the
     * same mask back. */
    int ignored = lock->fd >= 0 ? ftruncate(lock->fd, 0) : 0;

    (void)ignored;
    recorder_lock_drop(lock);
}
