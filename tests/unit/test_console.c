/* The lines that are kept of guests' consoles. Synthetic: the guests' texts are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tracer/console_text.h"
#include "tracer/device_model.h"

static void add(struct console_text *text, const char *bytes, uint64_t tsc,
                struct console_lines *lines)
{
    console_text_add(text, bytes, strlen(bytes), tsc, lines);
}

static void expect(const struct console_lines *lines, const char *wanted)
{
    assert_int_equal(lines->size, strlen(wanted));
    assert_memory_equal(lines->bytes, wanted, lines->size);
}

static void test_line_has_the_stamp_of_its_first_byte(void **state)
{
    struct console_lines lines = {.size = 0};
    struct console_text text = {.line_bytes = 0};

    (void)state;
    add(&text, "one\r\n\r\ntw", 5, &lines);
    add(&text, "o", 6, &lines);
    expect(&lines, "5 one\n");
    console_text_end(&text, &lines);
    console_text_end(&text, &lines);
    expect(&lines, "5 one\n5 two\n");
}

static void test_guest_cannot_write_a_note_or_to_a_terminal(void **state)
{
    struct console_lines lines = {.size = 0};
    struct console_text text = {.line_bytes = 0};

    (void)state;
    add(&text, "\\[7 bytes of text lost]\n\x1b\xff\n", 1, &lines);
    console_text_note(&text, "\\[ours]", 2, &lines);
    expect(&lines, "1 \\x5c[7 bytes of text lost]\n1 \\x1b\\xff\n2 \\[ours]\n");
}

/* What takes most room: a long line that waits, then the shortest lines, and the longest stamps. */
static void test_worst_text_fits(void **state)
{
    char worst[CONSOLE_TEXT_BYTES], long_line[CONSOLE_LINE_BYTES - 1];
    struct console_lines lines = {.size = 0};
    struct console_text text = {.line_bytes = 0};
    size_t found = 0;

    (void)state;
    memset(long_line, 1, sizeof(long_line));
    console_text_add(&text, long_line, sizeof(long_line), UINT64_MAX, &lines);
    assert_int_equal(lines.size, 0);
    for (size_t i = 0; i < sizeof(worst); i++)
        worst[i] = i % 2 == 0 ? '\n' : '\x01';
    console_text_note(&text, "\\[4294967295 bytes of text lost]", UINT64_MAX, &lines);
    console_text_add(&text, worst, sizeof(worst), UINT64_MAX, &lines);
    console_text_end(&text, &lines);
    console_text_note(&text, "\\[no more is kept of so much text]", UINT64_MAX, &lines);
    for (size_t i = 0; i < lines.size; i++)
        found += lines.bytes[i] == '\n';
    assert_int_equal(found, 1 + 1 + CONSOLE_TEXT_BYTES / 2 + 1);
    /* The stamps of 1024 lines of one character are most of what the file takes. */
    assert_in_range(lines.size, CONSOLE_TEXT_BYTES / 2 * (CONSOLE_STAMP_BYTES + 5),
                    sizeof(lines.bytes));
}

static void test_long_line_is_cut(void **state)
{
    char bytes[CONSOLE_TEXT_BYTES];
    struct console_lines lines = {.size = 0};
    struct console_text text = {.line_bytes = 0};
    size_t found = 0;

    (void)state;
    memset(bytes, 0xff, sizeof(bytes));
    console_text_add(&text, bytes, sizeof(bytes), 1, &lines);
    for (size_t i = 0; i < lines.size; i++)
        found += lines.bytes[i] == '\n';
    assert_int_equal(found, CONSOLE_TEXT_BYTES / CONSOLE_LINE_BYTES);
    assert_int_equal(text.line_bytes, 0);
}

static void test_device_model_of_an_hvm_guest_is_known_by_its_arguments(void **state)
{
    static const char hvm[] =
        "/usr/bin/qemu-system-i386\0-xen-domid\0007\0-no-shutdown\0-machine\0xenfv";
    static const char pv[] = "qemu-system-i386\0-xen-domid\0007\0-M\0xenpv\0-name\0pv";
    static const char forged[] = "qemu-system-i386\0-xen-domid\0007x\0-name\0-xen-domid";
    static const char other[] = "sshd: root@pts/0";
    uint32_t domid = 0;

    (void)state;
    assert_true(device_model_parse(hvm, sizeof(hvm), &domid));
    assert_int_equal(domid, 7);
    assert_false(device_model_parse(pv, sizeof(pv), &domid));
    assert_false(device_model_parse(forged, sizeof(forged), &domid));
    assert_false(device_model_parse(other, sizeof(other), &domid));
    /* Cut in the middle of the number. */
    assert_false(device_model_parse(hvm, sizeof("/usr/bin/qemu-system-i386\0-xen-domid"), &domid));
    assert_false(device_model_parse("", 0, &domid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_has_the_stamp_of_its_first_byte),
        cmocka_unit_test(test_guest_cannot_write_a_note_or_to_a_terminal),
        cmocka_unit_test(test_worst_text_fits),
        cmocka_unit_test(test_long_line_is_cut),
        cmocka_unit_test(test_device_model_of_an_hvm_guest_is_known_by_its_arguments),
    };

    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
