// Lets a process see another clock, as after a start with a stale or a damaged battery. Preload it with LD_PRELOAD.
//
//   SGLORAD_CLOCK_STEP  seconds added to the wall clock; negative ones set it back
//   SGLORAD_CLOCK_BOOT  a file read in place of /proc/sys/kernel/random/boot_id: the machine was started anew
//
// Only the wall clock is stepped: the uptime and the monotonic clock are the machine's.
#define _GNU_SOURCE
#include "fault-injection.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define REAL(name) (__extension__({                     \
    static __typeof__(&name) real;                      \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    real;                                               \
}))

static long long step(void) {
    static int known;
    static long long seconds;
    if (!known) {
        const char *text = getenv("SGLORAD_CLOCK_STEP");
        seconds = text ? atoll(text) : 0;
        known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *moment) {
    int result = REAL(clock_gettime)(clock, moment);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) moment->tv_sec += step();
    return result;
}

int gettimeofday(struct timeval *moment, void *zone) {
    int result = REAL(gettimeofday)(moment, zone);
    if (!result) moment->tv_sec += step();
    return result;
}

time_t time(time_t *moment) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (moment) *moment = now.tv_sec;
    return now.tv_sec;
}

const char *sglorad_opened_path(const char *path) {
    if (strcmp(path, "/proc/sys/kernel/random/boot_id")) return path;
    const char *other = getenv("SGLORAD_CLOCK_BOOT");
    return other ? other : path;
}
