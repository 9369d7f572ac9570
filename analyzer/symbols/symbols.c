#include "analyzer/symbols/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "recording/files.h"

enum {
    MAX_SYMBOLS = 1 << 22, /* a kernel with all its debugging has some 300,000 */
    MAX_FILES = 64,
    FIRST_SYMBOLS = 4096,
};

static bool grow_entries(struct xph_symbol_file *file, struct xph_error *err)
{
    size_t capacity = file->count ? file->count * 2 : FIRST_SYMBOLS;
    struct xph_symbol_entry *entries;
    char *names;

    if (file->count >= MAX_SYMBOLS)
        return xph_fail(err, "more than %d symbols: that is no program's file", MAX_SYMBOLS);
    entries = realloc(file->entries, capacity * sizeof(*entries));
    if (!entries)
        return xph_fail(err, "out of memory for symbols");
    file->entries = entries;
    names = realloc(file->names, capacity * XPH_SYMBOL_NAME);
    if (!names)
        return xph_fail(err, "out of memory for symbols");
    file->names = names;
    return true;
}

/* Copies a name with what could steer a terminal, or end a string in an output, as \xNN; cuts it
 * where it is too long. */
static size_t copy_name(char *to, const char *name, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length && used + 5 < XPH_SYMBOL_NAME; i++) {
        unsigned char byte = (unsigned char)name[i];

        if (byte <= 0x20 || byte >= 0x7f || byte == '"')
            used += (size_t)snprintf(to + used, 5, "\\x%02x", byte);
        else
            to[used++] = (char)byte;
    }
    to[used] = '\0';
    return used + 1;
}

bool xph_symbol_file_add(struct xph_symbol_file *file, uint64_t start, uint64_t end, uint32_t rank,
                         const char *name, size_t length, struct xph_error *err)
{
    /* The arrays grow at powers of two. */
    if ((file->count & (file->count - 1)) == 0 &&
        (file->count == 0 || file->count >= FIRST_SYMBOLS) && !grow_entries(file, err))
        return false;
    file->entries[file->count++] =
        (struct xph_symbol_entry){start, end, (uint32_t)file->name_bytes, rank};
    file->has_code |= length > 0;
    file->name_bytes += copy_name(file->names + file->name_bytes, name, length);
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    const struct xph_symbol_entry *first = a, *second = b;

    if (first->start != second->start)
        return first->start < second->start ? -1 : 1;
    if (first->rank != second->rank)
        return first->rank < second->rank ? -1 : 1;
    return first->name < second->name ? -1 : first->name > second->name;
}

/* Sorts, keeps one symbol an address, and ends each where the next one begins. */
static void finish_entries(struct xph_symbol_file *file)
{
    size_t kept = 0;

    qsort(file->entries, file->count, sizeof(*file->entries), compare_entries);
    for (size_t i = 0; i < file->count; i++) {
        if (kept > 0 && file->entries[kept - 1].start == file->entries[i].start)
            continue;
        file->entries[kept++] = file->entries[i];
    }
    file->count = kept;
    for (size_t i = 0; i < kept; i++) {
        uint64_t next = i + 1 < kept ? file->entries[i + 1].start : file->entries[i].start;

        if (file->entries[i].end == 0 || (i + 1 < kept && next < file->entries[i].end))
            file->entries[i].end = next;
    }
}

static void close_file(struct xph_symbol_file *file)
{
    free(file->entries);
    free(file->names);
    *file = (struct xph_symbol_file){0};
}

static bool read_map(struct xph_symbol_file *file, const char *path, struct xph_error *err)
{
    struct xph_mapped_file mapped;
    bool ok;

    if (!xph_map_file(AT_FDCWD, path, &mapped, err))
        return false;
    ok = xph_symbols_read_map(file, (const char *)mapped.data, mapped.size, path, err);
    xph_unmap_file(&mapped);
    return ok;
}

static bool read_file(struct xph_symbol_file *file, const char *path, struct xph_error *err)
{
    static const char elf_magic[4] = {0x7f, 'E', 'L', 'F'};
    char magic[sizeof(elf_magic)] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    if (fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", path);
    if (pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
        memcmp(magic, elf_magic, sizeof(magic)) == 0)
        ok = xph_symbols_read_elf(file, fd, path, err);
    else
        ok = read_map(file, path, err);
    close(fd);
    return ok &&
           (file->has_code ||
            xph_fail(err,
                     "%s has no symbols of code: it is stripped, or stands in for another file",
                     path));
}

/* Takes "dN:" off the front. */
static const char *parse_domain(const char *spec, int32_t *domid)
{
    char *end;
    unsigned long number;

    *domid = -1;
    if (spec[0] != 'd' || spec[1] < '0' || spec[1] > '9')
        return spec;
    number = strtoul(spec + 1, &end, 10);
    if (*end != ':' || number > UINT16_MAX)
        return spec;
    *domid = (int32_t)number;
    return end + 1;
}

bool xph_symbols_add(struct xph_symbols *symbols, const char *spec, const char *build_id,
                     struct xph_error *err)
{
    struct xph_symbol_file file = {0}, *files;
    const char *path = parse_domain(spec, &file.domid);

    if (symbols->count == MAX_FILES)
        return xph_fail(err, "more than %d files of symbols", MAX_FILES);
    if (!read_file(&file, path, err)) {
        close_file(&file);
        return false;
    }
    if (build_id && file.build_id[0] != '\0' && strcasecmp(build_id, file.build_id) != 0) {
        xph_fail(err, "%s has the build id %s, not %s: it is not the file of what ran", path,
                 file.build_id, build_id);
        close_file(&file);
        return false;
    }
    files = realloc(symbols->files, (symbols->count + 1) * sizeof(*files));
    if (!files) {
        close_file(&file);
        return xph_fail(err, "out of memory for symbols");
    }
    finish_entries(&file);
    symbols->files = files;
    symbols->files[symbols->count++] = file;
    return true;
}

void xph_symbols_close(struct xph_symbols *symbols)
{
    for (size_t i = 0; i < symbols->count; i++)
        close_file(&symbols->files[i]);
    free(symbols->files);
    *symbols = (struct xph_symbols){0};
}

static const struct xph_symbol_entry *find_entry(const struct xph_symbol_file *file,
                                                 uint64_t address)
{
    size_t low = 0, high = file->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (file->entries[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= file->entries[low - 1].end)
        return NULL;
    /* What has no name is not code. */
    return file->names[file->entries[low - 1].name] != '\0' ? &file->entries[low - 1] : NULL;
}

bool xph_symbols_find(const struct xph_symbols *symbols, int32_t domid, uint64_t address,
                      struct xph_symbol *symbol)
{
    for (size_t i = 0; i < symbols->count; i++) {
        const struct xph_symbol_file *file = &symbols->files[i];
        const struct xph_symbol_entry *entry;

        if (file->domid >= 0 && file->domid != domid)
            continue;
        entry = find_entry(file, address);
        if (!entry)
            continue;
        *symbol = (struct xph_symbol){file->names + entry->name, address - entry->start};
        return true;
    }
    return false;
}
