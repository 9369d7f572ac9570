/* The version of xenphase's programs. */
#ifndef XPH_RECORDING_VERSION_H
#define XPH_RECORDING_VERSION_H

#define XPH_VERSION "0.1.0"

#endif
