#ifndef SGLORAD_CLINUX_SHIM_H
#define SGLORAD_CLINUX_SHIM_H

/* Calls of Linux that Swift's Glibc module does not show: extended attributes, and prctl, which is variadic. */

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/xattr.h>

/* Keeps this process out of core files and out of other processes' reach by ptrace; 0 where it worked. */
static inline int sglorad_deny_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/* Whether a core file of this process may be written: 1 or 0. */
static inline int sglorad_may_be_dumped(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

#endif
