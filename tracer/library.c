#include "tracer/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool find_file(char path[PATH_MAX], const char *library, struct xph_error *err)
{
    void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    struct link_map *map;
    bool ok;

    if (!handle)
        return xph_fail(err, "no %s", library);
    ok = dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && realpath(map->l_name, path);
    dlclose(handle);
    return ok || xph_fail(err, "cannot tell where %s is", library);
}

/* The value of an exported function's symbol, an address as the file was linked. */
static bool find_symbol(Elf *elf, const char *function, uint64_t *address)
{
    Elf_Scn *section = NULL;

    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        Elf_Data *data;

        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM ||
            header.sh_entsize == 0 || !(data = elf_getdata(section, NULL)))
            continue;
        for (size_t i = 0; i < header.sh_size / header.sh_entsize; i++) {
            GElf_Sym symbol;
            const char *name;

            if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
                GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
                continue;
            name = elf_strptr(elf, header.sh_link, symbol.st_name);
            if (name && strcmp(name, function) == 0) {
                *address = symbol.st_value;
                return true;
            }
        }
    }
    return false;
}

/* Where the file has what is loaded at `address`. */
static bool find_offset(Elf *elf, uint64_t address, uint64_t *offset)
{
    size_t count;

    if (elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;

        if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
            address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
            *offset = address - segment.p_vaddr + segment.p_offset;
            return true;
        }
    }
    return false;
}

bool library_open(struct library *library, const char *name, struct xph_error *err)
{
    *library = (struct library){.fd = -1};
    snprintf(library->name, sizeof(library->name), "%s", name);
    if (!find_file(library->path, name, err))
        return false;
    library->fd = open(library->path, O_RDONLY | O_CLOEXEC);
    if (library->fd < 0)
        return xph_fail_errno(err, errno, "cannot open %s", library->path);
    elf_version(EV_CURRENT);
    library->elf = elf_begin(library->fd, ELF_C_READ, NULL);
    if (library->elf)
        return true;
    close(library->fd);
    return xph_fail(err, "cannot read %s: %s", library->path, elf_errmsg(-1));
}

bool library_function(const struct library *library, const char *function, uint64_t *offset,
                      struct xph_error *err)
{
    uint64_t address;

    return (find_symbol(library->elf, function, &address) &&
            find_offset(library->elf, address, offset)) ||
           xph_fail(err, "%s has no function %s", library->name, function);
}

void library_close(struct library *library)
{
    if (!library->elf)
        return;
    elf_end(library->elf);
    close(library->fd);
    library->elf = NULL;
}
