/* A directory for a test program's files, which comes and goes with the program: a recording,
 * mostly.
 */
#ifndef XPH_TESTS_UNIT_SCRATCH_H
#define XPH_TESTS_UNIT_SCRATCH_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "recording/recording.h"
#include "recording/xenstore_events.h"

static char directory[] = "/tmp/xenphase-test-XXXXXX";
static int dirfd_;

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    dirfd_ = open(directory, O_RDONLY | O_DIRECTORY);
    return dirfd_ >= 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {XPH_FILE_MANIFEST,
                                        XPH_FILE_TRACE,
                                        XPH_FILE_TRACE XPH_INDEX_SUFFIX,
                                        XPH_FILE_XENSTORE,
                                        XPH_FILE_XENSTORE XPH_INDEX_SUFFIX,
                                        "manifest.json.next"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlinkat(dirfd_, names[i], 0);
    close(dirfd_);
    return rmdir(directory);
}

static inline void write_file(const char *name, const void *data, size_t size)
{
    int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

#endif
