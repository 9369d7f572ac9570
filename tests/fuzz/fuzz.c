#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KHZ = 2600000 };

/* Memory that is not there is an error by value in our code; what is freed need not be kept for
 * long, as each input is read by itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:quarantine_size_mb=16";
}

void fuzz_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: does not hold: %s\n", what);
    abort();
}

void fuzz_require_linear(const char *what, uint64_t done, uint64_t each, uint64_t more, size_t size)
{
    if (done <= each * size + more)
        return;
    fprintf(stderr,
            "fuzz: %s: %" PRIu64 " for %zu bytes, more than %" PRIu64 " times that and %" PRIu64
            "\n",
            what, done, size, each, more);
    abort();
}

static ssize_t count_bytes(void *cookie, const char *data, size_t size)
{
    struct fuzz_sink *sink = cookie;

    (void)data;
    sink->bytes += size;
    return (ssize_t)size;
}

void fuzz_sink_open(struct fuzz_sink *sink)
{
    sink->bytes = 0;
    sink->out = fopencookie(sink, "w", (cookie_io_functions_t){.write = count_bytes});
    fuzz_require(sink->out != NULL, "memory for a stream");
}

uint64_t fuzz_sink_close(struct fuzz_sink *sink)
{
    fclose(sink->out);
    return sink->bytes;
}

int fuzz_empty_fd(void)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_require(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0, "an empty file");
    return fd;
}

uint64_t fuzz_fd_bytes(int fd)
{
    return (uint64_t)lseek(fd, 0, SEEK_CUR);
}

static char directory[PATH_MAX];
static int dirfd_ = -1;
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Not by a process that was forked off. */
static void remove_directory(void)
{
    if (getpid() == owner)
        nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int fuzz_directory(void)
{
    const char *parent = getenv("TMPDIR");

    if (dirfd_ >= 0)
        return dirfd_;
    owner = getpid();
    snprintf(directory, sizeof(directory), "%s/xenphase-fuzz-XXXXXX",
             parent && strlen(parent) < PATH_MAX / 2 ? parent : "/dev/shm");
    fuzz_require(mkdtemp(directory) != NULL, "a directory in $TMPDIR or /dev/shm");
    atexit(remove_directory);
    dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fuzz_require(dirfd_ >= 0, "a directory to work in");
    return dirfd_;
}

const char *fuzz_directory_path(void)
{
    fuzz_directory();
    return directory;
}

void fuzz_write(const char *name, const void *data, size_t size)
{
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct xph_error err;
    int fd = openat(fuzz_directory(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_require(fd >= 0 && xph_write_all(fd, &iov, 1, &err), "a file to read");
    close(fd);
}

void fuzz_recording(struct xph_recording *recording)
{
    static const uint8_t nothing[1];

    *recording = (struct xph_recording){
        .dirfd = fuzz_directory(),
        .manifest = {.state = XPH_STATE_COMPLETE, .tsc_khz = KHZ, .pcpus = 2},
        .trace = {nothing, 0, false},
        .samples = {nothing, 0, false},
        .xenstore = {nothing, 0, false},
    };
}
