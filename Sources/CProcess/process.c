#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static int argument_count;
static char **argument_values;
/* The end of the pipe that the handler writes to; -1 while a stop signal ends the process immediately. */
static volatile sig_atomic_t stop_pipe = -1;

static void set_action(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void stop(int number) {
    if (stop_pipe < 0) _exit(0);
    int before = errno;
    char byte = (char)number;
    /* A full pipe already holds enough of them. */
    if (write(stop_pipe, &byte, 1) < 0) {}
    errno = before;
}

void sglorad_trap_stop_signals(void) {
    set_action(SIGTERM, stop);
    set_action(SIGINT, stop);
    set_action(SIGHUP, SIG_IGN);
}

void sglorad_release_stop_signals(void) {
    set_action(SIGTERM, SIG_DFL);
    set_action(SIGINT, SIG_DFL);
    set_action(SIGHUP, SIG_DFL);
}

int sglorad_watch_stop_signals(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    stop_pipe = ends[1];
    sglorad_trap_stop_signals();
    return ends[0];
}

void sglorad_silence_crashes(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP, SIGQUIT, SIGSYS};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) set_action(numbers[i], SIG_DFL);
}

void sglorad_hide_arguments(void) {
    for (int i = 2; i < argument_count; i++) memset(argument_values[i], 0, strlen(argument_values[i]));
}

/* Runs before the constructors of all libraries, Swift's runtime included. The runtime of a job's child process
 * (`sglorad train FOLDER`) starts with the default actions, because its end by a signal must not look like success. */
static void begin(int count, char **values, char **environment) {
    (void)environment;
    argument_count = count;
    argument_values = values;
    if (count < 1) return;
    const char *slash = strrchr(values[0], '/');
    if (strcmp(slash ? slash + 1 : values[0], "sglorad")) return;
    if (count > 1 && (!strcmp(values[1], "train") || !strcmp(values[1], "evaluate"))) return;
    sglorad_trap_stop_signals();
}

__attribute__((section(".preinit_array"), used)) static void (*const begin_entry)(int, char **, char **) = begin;

void sglorad_bound_heaps(void) {
#ifdef M_ARENA_MAX
    /* Only advice: with more heaps the process merely takes more memory. */
    mallopt(M_ARENA_MAX, 2);
#endif
}
