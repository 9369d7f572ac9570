/*
 * Symbols of an ELF file, through libelf.
 */
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/symbols/symbols.h"

enum {
    RANK_GLOBAL_FUNCTION,
    RANK_LOCAL_FUNCTION,
    RANK_LABEL,
    NOTE_BUILD_ID = 3,
    MAX_SECTIONS = 65536
};

static void set_build_id(struct xph_symbol_file *file, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count && 2 * i + 2 < sizeof(file->build_id); i++)
        snprintf(file->build_id + 2 * i, 3, "%02x", bytes[i]);
}

static void read_notes(struct xph_symbol_file *file, Elf_Data *data)
{
    size_t offset = 0, name, descriptor;
    GElf_Nhdr note;

    while ((offset = gelf_getnote(data, offset, &note, &name, &descriptor)) > 0) {
        if (note.n_type != NOTE_BUILD_ID || note.n_namesz != 4 ||
            memcmp((const char *)data->d_buf + name, "GNU", 4) != 0)
            continue;
        set_build_id(file, (const uint8_t *)data->d_buf + descriptor, note.n_descsz);
        return;
    }
}

static bool add_symbol(struct xph_symbol_file *file, Elf *elf, const GElf_Sym *symbol,
                       size_t strings, struct xph_error *err)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    Elf_Scn *section;
    GElf_Shdr header;
    const char *name;
    uint32_t rank = RANK_LABEL;

    if ((type != STT_FUNC && type != STT_NOTYPE) || symbol->st_shndx == SHN_UNDEF ||
        symbol->st_shndx >= SHN_LORESERVE)
        return true;
    section = elf_getscn(elf, symbol->st_shndx);
    if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR) ||
        symbol->st_value < header.sh_addr || symbol->st_value - header.sh_addr >= header.sh_size)
        return true;
    name = elf_strptr(elf, strings, symbol->st_name);
    if (!name || *name == '\0')
        return true;
    if (type == STT_FUNC)
        rank =
            GELF_ST_BIND(symbol->st_info) == STB_LOCAL ? RANK_LOCAL_FUNCTION : RANK_GLOBAL_FUNCTION;
    return xph_symbol_file_add(file, symbol->st_value, header.sh_addr + header.sh_size, rank, name,
                               strnlen(name, XPH_SYMBOL_NAME), err);
}

static bool read_symbols(struct xph_symbol_file *file, Elf *elf, Elf_Data *data, size_t strings,
                         struct xph_error *err)
{
    size_t size = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    size_t count = size ? data->d_size / size : 0;
    GElf_Sym symbol;

    for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
        if (gelf_getsym(data, (int)i, &symbol) && !add_symbol(file, elf, &symbol, strings, err))
            return false;
    }
    return true;
}

static bool read_section(struct xph_symbol_file *file, Elf *elf, Elf_Scn *section,
                         struct xph_error *err)
{
    GElf_Shdr header;
    Elf_Data *data;

    if (!gelf_getshdr(section, &header) ||
        (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_NOTE))
        return true;
    data = elf_getdata(section, NULL);
    if (!data || !data->d_buf)
        return true;
    if (header.sh_type == SHT_SYMTAB)
        return read_symbols(file, elf, data, header.sh_link, err);
    if (file->build_id[0] == '\0')
        read_notes(file, data);
    return true;
}

static bool read_elf(struct xph_symbol_file *file, Elf *elf, const char *path,
                     struct xph_error *err)
{
    GElf_Ehdr header;
    Elf_Scn *section = NULL;
    unsigned sections = 0;

    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        return xph_fail(err, "%s is a damaged ELF file: %s", path, elf_errmsg(-1));
    if (header.e_machine != EM_X86_64 && header.e_machine != EM_386)
        return xph_fail(err, "%s is of another machine than x86", path);
    while ((section = elf_nextscn(elf, section)) && sections++ < MAX_SECTIONS) {
        if (!read_section(file, elf, section, err))
            return false;
    }
    return true;
}

bool xph_symbols_read_elf(struct xph_symbol_file *file, int fd, const char *path,
                          struct xph_error *err)
{
    Elf *elf;
    bool ok;

    if (elf_version(EV_CURRENT) == EV_NONE)
        return xph_fail(err, "libelf is too old: %s", elf_errmsg(-1));
    elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf)
        return xph_fail(err, "cannot read %s: %s", path, elf_errmsg(-1));
    ok = read_elf(file, elf, path, err);
    elf_end(elf);
    return ok;
}
