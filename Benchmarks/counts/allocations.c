// Counts the allocations of a program that it is preloaded into, without changing them.
//
//   clang -shared -fPIC -O2 -o liballocations.so allocations.c
//   SGLORAD_ALLOCATIONS=FILE LD_PRELOAD=./liballocations.so PROGRAM
//
// FILE is made if need be and holds two 64-bit numbers in native byte order, the allocations and their bytes, which another
// program can read at any moment. Child processes do not count. Calls go on to glibc's own __libc_… functions.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

struct counters {
    uint64_t calls, bytes;
};

static struct counters unread;
static struct counters *counters = &unread;

__attribute__((constructor)) static void open_counters(void) {
    const char *path = getenv("SGLORAD_ALLOCATIONS");
    if (!path) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    unsetenv("SGLORAD_ALLOCATIONS");
    if (file < 0) return;
    if (!ftruncate(file, sizeof *counters)) {
        void *shared = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared != MAP_FAILED) {
            counters = shared;
            *counters = unread;
        }
    }
    close(file);
}

static void count(size_t size) {
    __atomic_fetch_add(&counters->calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&counters->bytes, size, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
    void *made = memalign(alignment, size);
    if (!made) return ENOMEM;
    *result = made;
    return 0;
}
