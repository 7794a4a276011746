#ifndef SGLORAD_CLINUX_SHIM_H
#define SGLORAD_CLINUX_SHIM_H

/* Calls of Linux that Swift's Glibc module does not show: extended attributes, and prctl, and syscall, which are variadic. */

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Renames a file or folder unless the new name is taken (RENAME_NOREPLACE): 0, or -1 with errno EEXIST. */
static inline int sglorad_rename_new(const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U);
}

/* Keeps this process out of core files and out of other processes' reach by ptrace; 0 where it worked. */
static inline int sglorad_deny_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/* Whether a core file of this process may be written: 1 or 0. */
static inline int sglorad_may_be_dumped(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

#endif
