#include "tracer/console_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/files.h"

enum {
    /* Guests must not fill dom0's disk: so much is kept of each, and of all of a kind together. */
    MAX_FILE_BYTES = 16 * 1024 * 1024,
    MAX_ALL_BYTES = 128 * 1024 * 1024,
};

bool console_files_open(struct console_files *files, int dirfd, uint64_t keep_bytes,
                        struct xph_error *err)
{
    *files = (struct console_files){.dirfd = -1, .ring = {.keep_bytes = keep_bytes}};
    if (mkdirat(dirfd, XPH_DIRECTORY_CONSOLE, 0755) != 0 && errno != EEXIST)
        return xph_fail_errno(err, errno, "cannot make the directory %s", XPH_DIRECTORY_CONSOLE);
    files->dirfd = openat(dirfd, XPH_DIRECTORY_CONSOLE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return files->dirfd >= 0 ||
           xph_fail_errno(err, errno, "cannot open the directory %s", XPH_DIRECTORY_CONSOLE);
}

void console_files_close(struct console_files *files)
{
    if (files->dirfd >= 0)
        close(files->dirfd);
    files->dirfd = -1;
    console_ring_free(&files->ring);
}

/* Writes the lines that a look has made, in one piece. */
static bool write_lines(struct console_files *files, struct console_file *file,
                        const struct console_lines *lines, struct xph_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)lines->bytes, lines->size};

    if (lines->size == 0)
        return true;
    if (files->ring.keep_bytes > 0)
        return console_ring_append(&files->ring, files->dirfd, file->name, lines->bytes,
                                   lines->size, err);
    if (file->fd < 0)
        file->fd =
            openat(files->dirfd, file->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file->fd < 0)
        return xph_fail_errno(err, errno, "cannot create %s/%s", XPH_DIRECTORY_CONSOLE, file->name);
    file->file_bytes += lines->size;
    files->file_bytes += lines->size;
    return xph_write_all(file->fd, &iov, 1, err);
}

static void note_loss(struct console_files *files, struct console_file *file,
                      const struct console_look *look, struct console_lines *lines)
{
    char note[CONSOLE_NOTE_BYTES];

    files->lost_bytes += look->lost;
    snprintf(note, sizeof(note), "\\[%" PRIu64 " bytes of text lost]", look->lost);
    console_text_note(&file->text, note, look->tsc, lines);
}

static void check_room(const struct console_files *files, struct console_file *file, uint64_t tsc,
                       struct console_lines *lines)
{
    file->full = file->file_bytes + lines->size >= MAX_FILE_BYTES ||
                 files->file_bytes + lines->size >= MAX_ALL_BYTES;
    if (file->full)
        console_text_note(&file->text, "\\[no more is kept of so much text]", tsc, lines);
}

bool console_file_add(struct console_files *files, struct console_file *file,
                      const struct console_look *look, struct xph_error *err)
{
    struct console_lines lines;

    if (file->full)
        return true;
    lines.size = 0;
    files->bytes += look->count;
    if (look->lost > 0)
        note_loss(files, file, look, &lines);
    console_text_add(&file->text, look->bytes, look->count, look->tsc, &lines);
    if (look->ends)
        console_text_end(&file->text, &lines);
    if (files->ring.keep_bytes == 0)
        check_room(files, file, look->tsc, &lines);
    return write_lines(files, file, &lines, err);
}

void console_file_close(struct console_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
