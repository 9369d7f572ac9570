#include "analyzer/kernel/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    IN = 3,
    OUT = 4,
    FIRST_UNWANTED = 5,
    /* What an old kernel cannot close in one call: more than a program like this ever has. */
    LAST_UNWANTED = 1024,
    CANNOT_CONFINE = 125, /* an exit status */
    END_POLLS = 2000,
    END_POLL_NS = 1000000,
};

static bool limit(int resource, uint64_t value)
{
    struct rlimit limits;

    if (getrlimit(resource, &limits) != 0)
        return false;
    /* Only root can go beyond what is allowed already. At the hard limit of CPU time the kernel
     * does not say why it kills. */
    if (limits.rlim_max > value)
        limits.rlim_max = resource == RLIMIT_CPU ? value + 1 : value;
    limits.rlim_cur = limits.rlim_max < value ? limits.rlim_max : value;
    return setrlimit(resource, &limits) == 0;
}

/* The size of the process's address space in bytes. */
static uint64_t address_space(void)
{
    char text[32] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    return got > 0 ? strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static bool set_limits(const struct xph_worker_limits *limits)
{
    uint64_t present = address_space();

    return present > 0 && limit(RLIMIT_AS, present + limits->memory_bytes) &&
           limit(RLIMIT_CPU, limits->cpu_seconds) && limit(RLIMIT_CORE, 0) &&
           limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, FIRST_UNWANTED);
}

static bool move_fd(int from, int to)
{
    return from == to ? fcntl(from, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

/* Leaves the two descriptors, and /dev/null for what the libraries have to say. */
static bool keep_descriptors(int in, int out)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    /* Out of the way of where they are to be. */
    in = fcntl(in, F_DUPFD, FIRST_UNWANTED);
    out = fcntl(out, F_DUPFD, FIRST_UNWANTED);
    if (nothing < 0 || in < 0 || out < 0 || !move_fd(nothing, 0) || !move_fd(nothing, 1) ||
        !move_fd(nothing, 2) || !move_fd(in, IN) || !move_fd(out, OUT))
        return false;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, FIRST_UNWANTED, ~0U, 0) == 0)
        return true;
#endif
    for (int fd = FIRST_UNWANTED; fd < LAST_UNWANTED; fd++)
        close(fd);
    return true;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/*
 * Of the system calls only those that reading, writing and memory take; all others fail. Where we
 * do not know the processor's numbers, or the kernel knows no filters, the limits must do.
 */
static void filter_calls(void)
{
#ifdef ARCHITECTURE
    static const int allowed[] = {
        SYS_read,         SYS_pread64,     SYS_lseek,         SYS_fstat,          SYS_newfstatat,
        SYS_write,        SYS_mmap,        SYS_munmap,        SYS_mremap,         SYS_mprotect,
        SYS_madvise,      SYS_brk,         SYS_exit_group,    SYS_exit,           SYS_close,
        SYS_fcntl,        SYS_futex,       SYS_clock_gettime, SYS_rt_sigprocmask, SYS_rt_sigreturn,
        SYS_rt_sigaction, SYS_sigaltstack, SYS_getpid,        SYS_gettid,
    };
    enum { CALLS = sizeof(allowed) / sizeof(allowed[0]) };
    struct sock_filter program[CALLS + 6] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    const struct sock_fprog filter = {CALLS + 6, program};

    for (unsigned i = 0; i < CALLS; i++)
        program[4 + i] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], (uint8_t)(CALLS - i), 0);
    program[4 + CALLS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    program[5 + CALLS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
#endif
}

static void run(int in, int out, xph_worker_function *function, const void *context,
                const struct xph_worker_limits *limits)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    if (!keep_descriptors(in, out) || !set_limits(limits) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(CANNOT_CONFINE);
    filter_calls();
    /* Not exit(): what the parent has in its buffers is not ours to write. */
    _exit(function(IN, OUT, context));
}

bool xph_worker_start(struct xph_worker *worker, int in, xph_worker_function *function,
                      const void *context, const struct xph_worker_limits *limits,
                      struct xph_error *err)
{
    int ends[2];

    *worker = (struct xph_worker){.pipe = -1, .limits = *limits};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return xph_fail_errno(err, errno, "cannot make a pipe");
    worker->pid = fork();
    if (worker->pid == 0)
        run(in, ends[1], function, context, limits);
    close(ends[1]);
    if (worker->pid < 0) {
        worker->pid = 0;
        close(ends[0]);
        return xph_fail_errno(err, errno, "cannot start a process");
    }
    worker->pipe = ends[0];
    return true;
}

size_t xph_worker_read(struct xph_worker *worker, void *data, size_t size)
{
    struct pollfd wait = {worker->pipe, POLLIN, 0};

    for (;;) {
        int ready = poll(&wait, 1, (int)worker->limits.stall_seconds * 1000);
        ssize_t got;

        if (ready == 0) {
            worker->stalled = true;
            return 0;
        }
        got = ready < 0 ? -1 : read(worker->pipe, data, size);
        worker->ended = got == 0;
        if (got >= 0)
            return (size_t)got;
        if (errno != EINTR)
            return 0;
    }
}

static bool tell_end(const struct xph_worker *worker, bool by_itself, int status,
                     struct xph_error *err)
{
    if (worker->stalled)
        return xph_fail(err, "it stood still for %u s", worker->limits.stall_seconds);
    if (!by_itself)
        return xph_fail(err, "it did not end");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return xph_fail(err, "it took more than %u s of CPU time", worker->limits.cpu_seconds);
    if (WIFSIGNALED(status))
        return xph_fail(err, "it died of signal %d (%s)", WTERMSIG(status),
                        strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == CANNOT_CONFINE)
        return xph_fail(err, "it could not be confined");
    return WEXITSTATUS(status) == 0 ||
           xph_fail(err, "it ended with status %d", WEXITSTATUS(status));
}

static bool reap(const struct xph_worker *worker, int flags, int *status)
{
    pid_t got;

    do
        got = waitpid(worker->pid, status, flags);
    while (got < 0 && errno == EINTR);
    return got != 0;
}

/* One that has closed its pipe is about to end. */
static bool ends_soon(const struct xph_worker *worker, int *status)
{
    const struct timespec pause = {0, END_POLL_NS};

    for (int i = 0; i < END_POLLS; i++) {
        if (reap(worker, WNOHANG, status))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

bool xph_worker_stop(struct xph_worker *worker, struct xph_error *err)
{
    int status = 0;
    bool by_itself;

    if (worker->pid == 0)
        return true;
    close(worker->pipe);
    by_itself = worker->ended && ends_soon(worker, &status);
    if (!by_itself) {
        kill(worker->pid, SIGKILL);
        reap(worker, 0, &status);
    }
    worker->pid = 0;
    if (!worker->ended && !worker->stalled)
        return true;
    return tell_end(worker, by_itself, status, err);
}
