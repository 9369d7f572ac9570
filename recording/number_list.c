#include "recording/number_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RANGE_BYTES = 32 };

void xph_number_list(char *text, size_t size, const uint32_t *numbers, size_t count)
{
    static const char more[] = ", ...";
    size_t used = 0;

    text[0] = '\0';
    for (size_t first = 0, last; first < count; first = last + 1) {
        char range[RANGE_BYTES];

        last = first;
        while (last + 1 < count && numbers[last + 1] == numbers[last] + 1)
            last++;
        if (first == last)
            snprintf(range, sizeof(range), "%s%" PRIu32, first ? ", " : "", numbers[first]);
        else
            snprintf(range, sizeof(range), "%s%" PRIu32 "-%" PRIu32, first ? ", " : "",
                     numbers[first], numbers[last]);
        if (used + strlen(range) + sizeof(more) > size) {
            snprintf(text + used, size - used, "%s", more);
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s", range);
    }
}
