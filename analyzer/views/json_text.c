#include "analyzer/views/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/views/terminal_text.h"

json_t *xph_escaped_bytes(const char *bytes, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    json_t *value;

    if (!stream)
        return NULL;
    xph_print_bytes(stream, bytes, count);
    fclose(stream);
    value = json_stringn(text, size);
    free(text);
    return value;
}

json_t *xph_escaped_text(const char *text)
{
    return xph_escaped_bytes(text, strlen(text));
}
