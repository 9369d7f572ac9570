#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "analyzer/decode/events.h"
#include "analyzer/decode/hypercalls.h"

/* Text that grows in a caller's buffer and stops at its end. */
struct text {
    char *at;
    size_t left; /* with the terminating NUL */
};

static void append(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text->at, text->left, format, args);
    va_end(args);
    if (length < 0)
        return;
    if ((size_t)length >= text->left)
        length = (int)text->left - 1;
    text->at += length;
    text->left -= (size_t)length;
}

static void append_hypercall(struct text *text, const struct xph_record *record, unsigned *word)
{
    uint32_t first = record->words[(*word)++], op = xph_hypercall_op(first);
    const char *name = xph_hypercall_name(op);

    append(text, "%s[%" PRIu32 "]", name ? name : "?", op);
    for (unsigned argument = 0; argument < XPH_HYPERCALL_ARGUMENTS; argument++) {
        unsigned present = first >> (20 + 2 * argument) & 3;

        /* 1: one word, 2: two words, low first. */
        if (present == 0 || present == 3 || *word + present > record->extra_words)
            continue;
        append(text, " a%u=0x%" PRIx64, argument,
               record->words[*word] |
                   (present == 2 ? (uint64_t)record->words[*word + 1] << 32 : 0));
        *word += present;
    }
}

static void append_vcpu(struct text *text, uint32_t domid, uint32_t vcpu)
{
    if (domid == 32767)
        append(text, "idle%" PRIu32, vcpu);
    else
        append(text, "d%" PRIu32 "v%" PRIu32, domid, vcpu);
}

static unsigned words_needed(char conversion)
{
    return conversion == 'q' || conversion == 'd' ? 2 : 1;
}

static void append_field(struct text *text, char conversion, const struct xph_record *record,
                         unsigned *word)
{
    const uint32_t *words = record->words + *word;

    switch (conversion) {
    case 'u':
        append(text, "%" PRIu32, words[0]);
        break;
    case 'x':
        append(text, "0x%" PRIx32, words[0]);
        break;
    case 'q':
        append(text, "0x%" PRIx64, (uint64_t)words[1] << 32 | words[0]);
        break;
    case 'v':
        append_vcpu(text, words[0] >> 16, words[0] & 0xffff);
        break;
    case 'd':
        append_vcpu(text, words[0], words[1]);
        break;
    case 'L':
        append(text, "%" PRIu32, words[0] & 0xffff);
        return;
    case 'H':
        append(text, "%" PRIu32, words[0] >> 16);
        break;
    case 'c':
        append_hypercall(text, record, word);
        return;
    }
    *word += words_needed(conversion);
}

/* Returns how many words were told. A record with fewer words than its row ends where they end. */
static unsigned append_fields(struct text *text, const char *fields,
                              const struct xph_record *record)
{
    unsigned word = 0;

    for (; *fields; fields++) {
        if (*fields != '%') {
            append(text, "%c", *fields);
            continue;
        }
        fields++;
        if (word + words_needed(*fields) > record->extra_words)
            break;
        append_field(text, *fields, record, &word);
    }
    return word;
}

void xph_record_text(const struct xph_record *record, char *name, size_t name_size, char *words,
                     size_t size)
{
    const struct xph_event *event = xph_event_find(record->event);
    struct text text = {words, size};
    unsigned told = 0;

    words[0] = '\0';
    if (xph_event_is_runstate_change(record->event) && record->extra_words > 0) {
        snprintf(name, name_size, "runstate_change");
        told = append_fields(&text, "%v", record);
        append(&text, " %s->%s", xph_runstate_name(record->event >> 8 & 15),
               xph_runstate_name(record->event >> 4 & 15));
    } else if (event) {
        snprintf(name, name_size, "%s", event->name);
        told = append_fields(&text, event->fields, record);
    } else {
        snprintf(name, name_size, "%s:0x%08" PRIx32, xph_event_class_name(record->event),
                 record->event);
    }
    for (unsigned word = told; word < record->extra_words; word++)
        append(&text, " [0x%08" PRIx32 "]", record->words[word]);
}
