// Makes the N-th operation on files below a folder fail, as SQLite's own tests do. Preload it with LD_PRELOAD.
//
//   SGLORAD_FAULT_ROOT   the folder; operations on other files neither fail nor count
//   SGLORAD_FAULT_AT     the number of the failing operation, from 1; 0 only counts
//   SGLORAD_FAULT_ERRNO  the error number; EIO where unset
//   SGLORAD_FAULT_LASTS  1: all later operations fail, too
//   SGLORAD_FAULT_COUNT  a file outside the folder, to which the number of operations is written at exit
//   SGLORAD_FLUSH_COUNT  a file outside the folder that holds the number of flushes (fsync, fdatasync, syncfs) at any moment, as
//                        8 bytes in the machine's order
//
// Access to mapped memory is not seen, since it makes no call. Closing never fails: on Linux it does so only with quotas
// and NFS.
#define _GNU_SOURCE
#include "fault-injection.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536 };
static atomic_char tracked[DESCRIPTORS];
static atomic_long operations;
static atomic_long *flushes;
static long failing_from;
static int failing_errno, lasting;
static const char *root;
static size_t root_length;

#define REAL(name) (__extension__({                     \
    static __typeof__(&name) real;                      \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    real;                                               \
}))

// Maps the file that holds the number of flushes, and creates it where it is missing.
static void count_flushes_in(const char *path) {
    if (!path) return;
    int descriptor = REAL(open)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    if (!REAL(ftruncate)(descriptor, sizeof *flushes)) {
        void *place = mmap(NULL, sizeof *flushes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (place != MAP_FAILED) flushes = place;
    }
    REAL(close)(descriptor);
}

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("SGLORAD_FAULT_AT"), *number = getenv("SGLORAD_FAULT_ERRNO");
    const char *lasts = getenv("SGLORAD_FAULT_LASTS");
    root = getenv("SGLORAD_FAULT_ROOT");
    root_length = root ? strlen(root) : 0;
    failing_from = at ? atol(at) : 0;
    failing_errno = number ? atoi(number) : EIO;
    lasting = lasts && *lasts == '1';
    count_flushes_in(getenv("SGLORAD_FLUSH_COUNT"));
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("SGLORAD_FAULT_COUNT");
    if (!path) return;
    int descriptor = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", atomic_load(&operations));
    if (REAL(write)(descriptor, text, (size_t)length) < 0) {}
    REAL(close)(descriptor);
}

static int is_below(const char *path) {
    return root && path && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int is_tracked(int descriptor) {
    return descriptor >= 0 && descriptor < DESCRIPTORS && atomic_load(&tracked[descriptor]);
}

// Counts an operation on a tracked file; true where it has to fail.
static int fails(int concerned) {
    if (!concerned) return 0;
    long number = atomic_fetch_add(&operations, 1) + 1;
    if (!failing_from || number < failing_from || (number > failing_from && !lasting)) return 0;
    errno = failing_errno;
    return 1;
}

static int track(int descriptor, int concerned) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) atomic_store(&tracked[descriptor], (char)concerned);
    return descriptor;
}

// The mode argument exists only for calls that may create a file.
#define MODE(flags) ({ mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); \
    mode = va_arg(rest, mode_t); va_end(rest); } mode; })

int open(const char *path, int flags, ...) {
    mode_t mode = MODE(flags);
    int concerned = is_below(path);
    return fails(concerned) ? -1 : track(REAL(open)(sglorad_opened_path(path), flags, mode), concerned);
}

int open64(const char *path, int flags, ...) {
    mode_t mode = MODE(flags);
    int concerned = is_below(path);
    return fails(concerned) ? -1 : track(REAL(open64)(sglorad_opened_path(path), flags, mode), concerned);
}

int openat(int folder, const char *path, int flags, ...) {
    mode_t mode = MODE(flags);
    int concerned = is_below(path) || (*path != '/' && is_tracked(folder));
    return fails(concerned) ? -1 : track(REAL(openat)(folder, sglorad_opened_path(path), flags, mode), concerned);
}

int close(int descriptor) {
    track(descriptor, 0);
    return REAL(close)(descriptor);
}

#define ON_DESCRIPTOR(result, name, parameters, descriptor, ...) \
    result name parameters { return fails(is_tracked(descriptor)) ? -1 : REAL(name)(descriptor, ##__VA_ARGS__); }

ON_DESCRIPTOR(ssize_t, read, (int d, void *b, size_t n), d, b, n)
ON_DESCRIPTOR(ssize_t, pread, (int d, void *b, size_t n, off_t o), d, b, n, o)
ON_DESCRIPTOR(ssize_t, pread64, (int d, void *b, size_t n, off64_t o), d, b, n, o)
ON_DESCRIPTOR(ssize_t, write, (int d, const void *b, size_t n), d, b, n)
ON_DESCRIPTOR(ssize_t, pwrite, (int d, const void *b, size_t n, off_t o), d, b, n, o)
ON_DESCRIPTOR(ssize_t, pwrite64, (int d, const void *b, size_t n, off64_t o), d, b, n, o)
ON_DESCRIPTOR(ssize_t, writev, (int d, const struct iovec *v, int n), d, v, n)
ON_DESCRIPTOR(ssize_t, sendfile, (int d, int s, off_t *o, size_t n), d, s, o, n)
ON_DESCRIPTOR(ssize_t, sendfile64, (int d, int s, off64_t *o, size_t n), d, s, o, n)

#define ON_FLUSH(name) int name(int d) { \
    if (is_tracked(d) && flushes) atomic_fetch_add(flushes, 1); \
    return fails(is_tracked(d)) ? -1 : REAL(name)(d); }

ON_FLUSH(fsync)
ON_FLUSH(fdatasync)
ON_FLUSH(syncfs)

ON_DESCRIPTOR(int, ftruncate, (int d, off_t n), d, n)
ON_DESCRIPTOR(int, ftruncate64, (int d, off64_t n), d, n)

#define ON_PATH(name, parameters, concerned, ...) \
    int name parameters { return fails(concerned) ? -1 : REAL(name)(__VA_ARGS__); }

ON_PATH(rename, (const char *from, const char *to), is_below(from) || is_below(to), from, to)
ON_PATH(unlink, (const char *path), is_below(path), path)
ON_PATH(mkdir, (const char *path, mode_t mode), is_below(path), path, mode)
ON_PATH(rmdir, (const char *path), is_below(path), path)
