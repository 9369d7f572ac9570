/* Names of addresses, from this very program and from its own files, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/symbols/symbols.h"
#include "recording/files.h"

#define OBJECT  "build/san/analyzer/decode/record.o" /* a small ELF file with symbols */
#define PROGRAM "build/xenphase"

enum { STEP = 7 };

static int scratch_fd = -1;
static char scratch[64]; /* a file in memory: its path */

static int make_scratch(void **state)
{
    (void)state;
    scratch_fd = memfd_create("symbols", MFD_CLOEXEC);
    snprintf(scratch, sizeof(scratch), "/proc/self/fd/%d", scratch_fd);
    return scratch_fd < 0 ? -1 : 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    return close(scratch_fd);
}

static const char *write_scratch(const void *bytes, size_t count)
{
    assert_int_equal(ftruncate(scratch_fd, 0), 0);
    assert_int_equal(pwrite(scratch_fd, bytes, count, 0), count);
    return scratch;
}

static void assert_refused(const char *spec, const char *build_id, const char *why)
{
    struct xph_symbols symbols = {0};
    struct xph_error err = {0};

    assert_false(xph_symbols_add(&symbols, spec, build_id, &err));
    if (!strstr(err.text, why))
        print_error("%s\n", err.text);
    assert_non_null(strstr(err.text, why));
    assert_int_equal(symbols.count, 0);
    xph_symbols_close(&symbols);
}

static void test_map_names_code_up_to_what_follows(void **state)
{
    static const char map[] = "ffffffff81000000 T _text\n"
                              "ffffffff81000000 t startup\n"
                              "ffffffff81000100 t do_idle\n"
                              "ffffffff81000180 D data\n"
                              "ffffffff81000200 W weak\n"
                              "ffffffff81000300 R end\n";
    struct xph_symbols symbols = {0};
    struct xph_symbol symbol;
    struct xph_error err;

    (void)state;
    assert_true(xph_symbols_add(&symbols, write_scratch(map, strlen(map)), NULL, &err));
    assert_true(xph_symbols_find(&symbols, 0, 0xffffffff81000000, &symbol));
    assert_string_equal(symbol.name, "_text");
    assert_int_equal(symbol.offset, 0);
    assert_true(xph_symbols_find(&symbols, -1, 0xffffffff8100017f, &symbol));
    assert_string_equal(symbol.name, "do_idle");
    assert_int_equal(symbol.offset, 0x7f);
    assert_false(xph_symbols_find(&symbols, 0, 0xffffffff81000180, &symbol));
    assert_true(xph_symbols_find(&symbols, 0, 0xffffffff810002ff, &symbol));
    assert_false(xph_symbols_find(&symbols, 0, 0xffffffff81000300, &symbol));
    assert_false(xph_symbols_find(&symbols, 0, 0xffffffff80ffffff, &symbol));
    assert_false(xph_symbols_find(&symbols, 0, UINT64_MAX, &symbol));
    xph_symbols_close(&symbols);
}

static void test_map_of_xen_itself_is_read(void **state)
{
    static const char map[] = "0xffff82d04023e680 T do_domctl\n0xffff82d04023f000 D end\n";
    struct xph_symbols symbols = {0};
    struct xph_symbol symbol;
    struct xph_error err;

    (void)state;
    assert_true(xph_symbols_add(&symbols, write_scratch(map, strlen(map)), NULL, &err));
    assert_true(xph_symbols_find(&symbols, 0, 0xffff82d04023e690, &symbol));
    assert_string_equal(symbol.name, "do_domctl");
    assert_int_equal(symbol.offset, 16);
    xph_symbols_close(&symbols);
    assert_refused(write_scratch("0x T name\n", 10), NULL, "line 1");
}

static void test_file_of_one_domain_names_no_other_s_addresses(void **state)
{
    static const char map[] = "1000 T guest\n2000 D end\n";
    struct xph_symbols symbols = {0};
    struct xph_symbol symbol;
    struct xph_error err;
    char spec[96];

    (void)state;
    snprintf(spec, sizeof(spec), "d3:%s", write_scratch(map, strlen(map)));
    assert_true(xph_symbols_add(&symbols, spec, NULL, &err));
    assert_true(xph_symbols_find(&symbols, 3, 0x1000, &symbol));
    assert_false(xph_symbols_find(&symbols, 0, 0x1000, &symbol));
    assert_false(xph_symbols_find(&symbols, -1, 0x1000, &symbol));
    xph_symbols_close(&symbols);
}

static void test_hostile_names_are_made_printable_and_cut(void **state)
{
    char map[1024] = "1000 T \x1b[2J\"\xff";
    struct xph_symbols symbols = {0};
    struct xph_symbol symbol;
    struct xph_error err;
    size_t length = strlen(map);

    (void)state;
    memset(map + length, 'a', 900);
    strcpy(map + length + 900, "\n2000 D end\n");
    assert_true(xph_symbols_add(&symbols, write_scratch(map, strlen(map)), NULL, &err));
    assert_true(xph_symbols_find(&symbols, 0, 0x1000, &symbol));
    assert_memory_equal(symbol.name, "\\x1b[2J\\x22\\xffaaa", strlen("\\x1b[2J\\x22\\xffaaa"));
    assert_true(strlen(symbol.name) < XPH_SYMBOL_NAME);
    xph_symbols_close(&symbols);
}

static void test_elf_file_names_its_code(void **state)
{
    struct xph_symbols symbols = {0};
    struct xph_symbol symbol;
    struct xph_error err;
    const struct xph_symbol_file *file;
    bool found = false;

    (void)state;
    assert_true(xph_symbols_add(&symbols, PROGRAM, NULL, &err));
    file = &symbols.files[0];
    for (size_t i = 0; i < file->count; i++) {
        assert_true(file->entries[i].start < file->entries[i].end);
        if (strcmp(file->names + file->entries[i].name, "xph_cmd_dump") != 0)
            continue;
        found = true;
        assert_true(xph_symbols_find(&symbols, 0, file->entries[i].start + 1, &symbol));
        assert_string_equal(symbol.name, "xph_cmd_dump");
        assert_int_equal(symbol.offset, 1);
    }
    assert_true(found);
    xph_symbols_close(&symbols);
}

static void test_build_id_is_checked(void **state)
{
    struct xph_symbols symbols = {0};
    struct xph_error err;
    char build_id[XPH_BUILD_ID];

    (void)state;
    assert_true(xph_symbols_add(&symbols, PROGRAM, NULL, &err));
    snprintf(build_id, sizeof(build_id), "%s", symbols.files[0].build_id);
    assert_true(strlen(build_id) >= 16);
    assert_true(xph_symbols_add(&symbols, PROGRAM, build_id, &err));
    xph_symbols_close(&symbols);
    build_id[0] = build_id[0] == '0' ? '1' : '0';
    assert_refused(PROGRAM, build_id, "build id");
}

static void test_files_without_symbols_are_refused_with_the_reason(void **state)
{
    struct xph_mapped_file object;
    struct xph_error err;
    uint8_t *copy;
    Elf64_Ehdr *header;
    Elf64_Shdr *sections;

    (void)state;
    assert_refused("/nonexistent", NULL, "cannot open");
    assert_refused("/", NULL, "not a regular file");
    assert_refused(write_scratch("", 0), NULL, "stripped");
    assert_refused(write_scratch("hello\n", 6), NULL, "neither an ELF file");
    /* What Debian puts in the place of a kernel's System.map. */
    assert_refused(write_scratch("ffffffffffffffff B The real System.map is elsewhere\n", 52), NULL,
                   "no symbols of code");
    assert_true(xph_map_file(AT_FDCWD, OBJECT, &object, &err));
    copy = malloc(object.size);
    memcpy(copy, object.data, object.size);
    header = (Elf64_Ehdr *)copy;
    header->e_machine = EM_AARCH64;
    assert_refused(write_scratch(copy, object.size), NULL, "another machine");
    header->e_machine = EM_X86_64;
    sections = (Elf64_Shdr *)(copy + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type == SHT_SYMTAB)
            sections[i].sh_type = SHT_NULL;
    }
    assert_refused(write_scratch(copy, object.size), NULL, "stripped");
    free(copy);
    xph_unmap_file(&object);
}

/* Whatever a file has in it, it is read or refused; ASan watches. */
static void test_broken_elf_files_do_no_harm(void **state)
{
    struct xph_mapped_file object;
    struct xph_error err;
    uint8_t *copy;
    size_t table;

    (void)state;
    assert_true(xph_map_file(AT_FDCWD, OBJECT, &object, &err));
    copy = malloc(object.size);
    memcpy(copy, object.data, object.size);
    table = ((Elf64_Ehdr *)copy)->e_shoff;
    for (size_t at = 0; at < object.size; at += at < sizeof(Elf64_Ehdr) || at >= table ? 1 : 61) {
        struct xph_symbols symbols = {0};

        copy[at] ^= 0xff;
        xph_symbols_add(&symbols, write_scratch(copy, object.size), NULL, &err);
        xph_symbols_close(&symbols);
        copy[at] ^= 0xff;
    }
    for (size_t size = 0; size < object.size; size += size < 4096 ? STEP : 997) {
        struct xph_symbols symbols = {0};

        xph_symbols_add(&symbols, write_scratch(copy, size), NULL, &err);
        xph_symbols_close(&symbols);
    }
    free(copy);
    xph_unmap_file(&object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_names_code_up_to_what_follows),
        cmocka_unit_test(test_map_of_xen_itself_is_read),
        cmocka_unit_test(test_file_of_one_domain_names_no_other_s_addresses),
        cmocka_unit_test(test_hostile_names_are_made_printable_and_cut),
        cmocka_unit_test(test_elf_file_names_its_code),
        cmocka_unit_test(test_build_id_is_checked),
        cmocka_unit_test(test_files_without_symbols_are_refused_with_the_reason),
        cmocka_unit_test(test_broken_elf_files_do_no_harm),
    };

    return cmocka_run_group_tests_name("symbols", tests, make_scratch, remove_scratch);
}
