#include "tracer/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether one of the files that `fds`, a process's directory fd/, lists has `part` in its path. */
static bool has_open(int fds, const char *part)
{
    DIR *listing = fdopendir(fds);
    struct dirent *entry;
    bool found = false;

    while (listing && !found && (entry = readdir(listing))) {
        char path[PATH_MAX];
        ssize_t length = readlinkat(dirfd(listing), entry->d_name, path, sizeof(path) - 1);

        path[length > 0 ? length : 0] = '\0';
        found = strstr(path, part) != NULL;
    }
    if (listing)
        closedir(listing);
    else
        close(fds);
    return found;
}

static void read_name(int procfd, const char *pid, char name[32])
{
    char path[NAME_MAX + 8];
    ssize_t got = -1;
    int fd;

    snprintf(path, sizeof(path), "%s/comm", pid);
    fd = openat(procfd, path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        got = read(fd, name, 31);
        close(fd);
    }
    name[got > 0 ? got : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
}

unsigned holders_find(const char *proc, const char *part, char *text, size_t bytes)
{
    DIR *processes = opendir(proc);
    struct dirent *entry;
    unsigned count = 0;
    size_t used = 0;

    text[0] = '\0';
    while (processes && (entry = readdir(processes))) {
        char path[NAME_MAX + 8], name[32];
        int fds;

        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof(path), "%s/fd", entry->d_name);
        fds = openat(dirfd(processes), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fds < 0 || !has_open(fds, part))
            continue;
        read_name(dirfd(processes), entry->d_name, name);
        if (used < bytes)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s (pid %s)", count ? ", " : "",
                                     name, entry->d_name);
        count++;
    }
    if (processes)
        closedir(processes);
    return count;
}
