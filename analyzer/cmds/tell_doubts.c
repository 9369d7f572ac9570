#include <stdio.h>

#include "analyzer/cmds/commands.h"
#include "analyzer/views/terminal_text.h"

int xph_tell_doubts(const char *command, const struct xph_doubts *doubts)
{
    /* What the doubts are of stands before them where both go to one file. */
    fflush(stdout);
    for (size_t i = 0; i < doubts->count; i++) {
        fprintf(stderr, "xenphase %s: in doubt: ", command);
        xph_print_text(stderr, doubts->text[i]);
        fputc('\n', stderr);
    }
    return doubts->count > 0 ? XPH_EXIT_DOUBTFUL : XPH_EXIT_OK;
}
