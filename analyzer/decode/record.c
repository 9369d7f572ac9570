#include "analyzer/decode/record.h"

#include <string.h>

size_t xph_record_decode(const uint8_t *data, size_t size, struct xph_record *record)
{
    uint32_t header;
    size_t stamp, length;

    if (size < sizeof(header))
        return 0;
    memcpy(&header, data, sizeof(header));
    record->event = header & 0x0fffffff;
    record->extra_words = header >> 28 & 7;
    record->timed = header >> 31;
    stamp = record->timed ? sizeof(record->tsc) : 0;
    length = sizeof(header) + stamp + record->extra_words * sizeof(uint32_t);
    if (length > size)
        return 0;
    if (record->timed)
        memcpy(&record->tsc, data + sizeof(header), sizeof(record->tsc));
    memcpy(record->words, data + sizeof(header) + stamp, record->extra_words * sizeof(uint32_t));
    return length;
}
