// Lets another program ask for callgrind's counters at any moment, without ptrace: preloaded into a program that runs under
// valgrind --tool=callgrind.
//
//   clang -shared -fPIC -O2 -o libdump.so dump.c
//   SGLORAD_DUMP=PATH valgrind --tool=callgrind --callgrind-out-file=OUT … LD_PRELOAD=./libdump.so PROGRAM
//
// PATH and PATH.done are FIFOs. For each byte that is written to PATH, callgrind writes OUT.1, OUT.2 and so on with what it
// has counted since the last, and a byte comes back through PATH.done.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

static char ask[256], done[256];

static void *serve(void *unused) {
    // Opened here, since the other side may open its end later.
    int questions = open(ask, O_RDONLY | O_CLOEXEC), answers = open(done, O_WRONLY | O_CLOEXEC);
    char byte;
    while (read(questions, &byte, 1) == 1) {
        CALLGRIND_DUMP_STATS;
        if (write(answers, &byte, 1) != 1) break;
    }
    return unused;
}

// Valgrind writes to the mask, and libdispatch's is in memory that nobody may write to.
int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    return (int)syscall(SYS_rt_sigsuspend, &copy, _NSIG / 8);
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("SGLORAD_DUMP");
    if (!path || !RUNNING_ON_VALGRIND) return;
    snprintf(ask, sizeof ask, "%s", path);
    snprintf(done, sizeof done, "%s.done", path);
    unsetenv("SGLORAD_DUMP");
    // The program's own signals are none of this thread's business.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t thread;
    if (!pthread_create(&thread, NULL, serve, NULL)) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
