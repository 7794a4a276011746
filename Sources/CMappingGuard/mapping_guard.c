#define _GNU_SOURCE
#include "mapping_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { capacity = 1 << 14 };

struct slot {
    _Atomic uintptr_t start;  // 0 for a free slot
    _Atomic size_t length;
    atomic_bool is_damaged;
};

static struct slot slots[capacity];
static _Atomic int used;  // slots from here on were never used
static _Atomic uint64_t losses;
static uintptr_t page;
static struct sigaction previous;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Runs within the signal: it only reads atomics and calls mmap.
static void replace_lost_pages(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    int saved = errno;
    uintptr_t address = (uintptr_t)info->si_addr;
    int count = atomic_load(&used);
    for (int index = 0; info->si_code > 0 && index < count; index++) {
        uintptr_t start = atomic_load(&slots[index].start);
        uintptr_t end = (start + atomic_load(&slots[index].length) + page - 1) & ~(page - 1);
        if (start == 0 || address < start || address >= end) continue;
        uintptr_t lost = address & ~(page - 1);
        void *zeros = mmap((void *)lost, end - lost, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros == MAP_FAILED) break;
        atomic_store(&slots[index].is_damaged, true);
        atomic_fetch_add(&losses, 1);
        errno = saved;
        return;
    }
    // Not one of these mappings: the instruction is repeated under the action that was there before. A signal that was sent has
    // no instruction to repeat, so it is sent again; it arrives when this handler returns.
    sigaction(SIGBUS, &previous, NULL);
    if (info->si_code <= 0) raise(SIGBUS);
    errno = saved;
}

static bool install(void) {
    if (page != 0) return true;
    struct sigaction action = {0};
    action.sa_sigaction = replace_lost_pages;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, &action, &previous) == 0) return true;
    page = 0;
    return false;
}

int mapping_guard_add(const void *start, size_t length) {
    int found = -1;
    pthread_mutex_lock(&lock);
    if (install()) {
        int count = atomic_load(&used);
        for (int index = 0; index < count && found < 0; index++) {
            if (atomic_load(&slots[index].start) == 0) found = index;
        }
        if (found < 0 && count < capacity) {
            found = count;
            atomic_store(&used, count + 1);
        }
        if (found >= 0) {
            atomic_store(&slots[found].is_damaged, false);
            atomic_store(&slots[found].length, length);
            atomic_store(&slots[found].start, (uintptr_t)start);
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void mapping_guard_remove(int number) {
    if (number >= 0) atomic_store(&slots[number].start, 0);
}

bool mapping_guard_is_damaged(int number) {
    return number >= 0 && atomic_load(&slots[number].is_damaged);
}

uint64_t mapping_guard_losses(void) { return atomic_load(&losses); }
