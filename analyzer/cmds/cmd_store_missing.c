/*
 * In place of xenphase store, stats and compare, where the libraries that they need were not there.
 */
#include "analyzer/cmds/commands.h"

static int missing(struct xph_error *err)
{
    return xph_fail(
               err,
               "this xenphase was built without store, stats and compare: install libsqlite3-dev "
               "and libgsl-dev, and build it again"),
           XPH_EXIT_ERROR;
}

int xph_cmd_store(int argc, char **argv, struct xph_error *err)
{
    (void)argc;
    (void)argv;
    return missing(err);
}

int xph_cmd_stats(int argc, char **argv, struct xph_error *err)
{
    (void)argc;
    (void)argv;
    return missing(err);
}

int xph_cmd_compare(int argc, char **argv, struct xph_error *err)
{
    (void)argc;
    (void)argv;
    return missing(err);
}
