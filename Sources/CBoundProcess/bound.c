#define _GNU_SOURCE
#include "CBoundProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* In the new process, between fork and exec: only what is safe in a copy of one thread of many. */
static void become(const char *program, char *const arguments[], char *const environment[], const char *folder, int output,
                   pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return;
    /* The parent may have ended before that. */
    if (getppid() != parent) _exit(127);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) return;
    if (chdir(folder) != 0) return;
    /* An older kernel does not have the call; there, those that were opened for this process alone are not inherited. */
    syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(program, arguments, environment);
}

pid_t sglorad_start_bound(const char *program, char *const arguments[], char *const environment[], const char *folder,
                          int output) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    /* No handler of this process runs in the new one. */
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) {
        become(program, arguments, environment, folder, output, parent);
        int number = errno;
        ssize_t written = write(report[1], &number, sizeof number);
        (void)written;
        _exit(127);
    }
    int failure = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child > 0) {
        ssize_t count;
        do count = read(report[0], &failure, sizeof failure);
        while (count < 0 && errno == EINTR);
        if (count == sizeof failure) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
            child = -1;
        }
    }
    close(report[0]);
    errno = failure;
    return child;
}
