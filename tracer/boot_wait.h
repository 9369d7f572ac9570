/*
 * How long --until idle waits for the domains that a command has made, or will have made: `xl
 * reboot` only asks, and a guest that crashes may be started anew.
 */
#ifndef XPH_TRACER_BOOT_WAIT_H
#define XPH_TRACER_BOOT_WAIT_H

#include "tracer/domain_list.h"

enum { BOOT_WAIT_SECONDS = 10 }; /* for a new domain, after the command's or another domain's end */

/* What has come of the domains. */
struct boot_look {
    unsigned booting;     /* new ones that are neither idle yet nor at their end */
    unsigned booted;      /* new ones that are idle */
    unsigned ended;       /* those of which the end was seen, and for which another may come */
    uint64_t last_end_ns; /* when something was seen of that last; 0 if nothing was */
    /* The last new domain that ended before it was idle, and how; NULL if none did. */
    uint32_t failed_domid;
    const char *failed_how;
};

enum boot_progress { BOOT_GOES_ON, BOOT_DONE, BOOT_NO_DOMAIN };

void boot_wait_look(struct boot_look *look, const struct domain_list *domains);

/* Done: all new domains are idle, and there is one for each that has ended. */
enum boot_progress boot_wait_judge(const struct boot_look *look, uint64_t command_end_ns,
                                   uint64_t now_ns);

/* What is to be said of the end, if it is not the one that was hoped for: else "". */
void boot_wait_text(const struct boot_look *look, enum boot_progress progress, char *text,
                    size_t size);

#endif
