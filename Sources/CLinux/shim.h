#ifndef SGLORAD_CLINUX_SHIM_H
#define SGLORAD_CLINUX_SHIM_H

/* Calls of Linux that Swift's Glibc module does not show: extended attributes, the allocator's
   settings, and prctl and syscall, which are variadic. */

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef O_PATH
#define O_PATH 010000000
#endif

/* Opens a folder in another one as a place for names (O_PATH), which takes no permission to list it; links are not followed.
   The file descriptor, or -1 with errno. */
static inline int sglorad_open_place(int parent, const char *name) {
    return openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Renames a file or folder unless the new name is taken (RENAME_NOREPLACE): 0, or -1 with errno EEXIST. */
static inline int sglorad_rename_new(const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U);
}

/* Exchanges two files or folders, so that each has the other's name: 0, or -1 with errno. */
static inline int sglorad_rename_exchange(const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 2U);
}

/* The same as sglorad_rename_new with open folders and names in them. */
static inline int sglorad_rename_new_at(int from_folder, const char *from, int to_folder, const char *to) {
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 1U);
}

/* Starts to write a file's new content to the disk, and does not wait for it: 0, or -1 with errno. */
static inline int sglorad_begin_writing(int file) {
    return (int)syscall(SYS_sync_file_range, file, (off_t)0, (off_t)0, 2U);
}

/* Writes out everything that was written to the file system of an open file or folder: 0, or -1 with errno. */
int syncfs(int descriptor);
static inline int sglorad_sync_file_system(int descriptor) { return syncfs(descriptor); }

/* Keeps this process out of core files and out of other processes' reach by ptrace; 0 where it worked. */
static inline int sglorad_deny_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/* Whether a core file of this process may be written: 1 or 0. */
static inline int sglorad_may_be_dumped(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

#endif
