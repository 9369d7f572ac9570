/*
 * The rule by which recorder and analyzer call a guest idle, kept in one place because both must
 * mean the same: the start of the first window of XPH_IDLE_WINDOW_NS after the guest's first run in
 * which all its vCPUs together ran for less than XPH_IDLE_MAX_RUN_NS.
 */
#ifndef XPH_RECORDING_IDLE_RULE_H
#define XPH_RECORDING_IDLE_RULE_H

#define XPH_IDLE_WINDOW_NS  UINT64_C(1000000000)
#define XPH_IDLE_MAX_RUN_NS (XPH_IDLE_WINDOW_NS / 20)
#define XPH_IDLE_RULE_TEXT                                                                         \
    "start of the first 1 s after the guest's first run in which its vCPUs together ran less "     \
    "than 50 ms"

#endif
