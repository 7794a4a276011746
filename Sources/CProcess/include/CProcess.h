#ifndef SGLORAD_CPROCESS_H
#define SGLORAD_CPROCESS_H

/* What a process must arrange before Swift's runtime starts, and in signal handlers, where Swift code must not run. */

/* Gives the signals of crashes their default action, which ends the process without a word.
 *
 * Swift's runtime handles them by a report that shows the memory behind the registers. */
void sglorad_silence_crashes(void);

/* Ends the process with status 0 on SIGTERM and SIGINT, and ignores SIGHUP, until sglorad_watch_stop_signals is called.
 *
 * In a program that was started as "sglorad", this applies from before the runtime's start, without a call. */
void sglorad_trap_stop_signals(void);

/* Gives SIGTERM, SIGINT and SIGHUP their default actions. */
void sglorad_release_stop_signals(void);

/* From now on writes a byte to a pipe for each SIGTERM and SIGINT: the end to read from, or -1 with errno. */
int sglorad_watch_stop_signals(void);

/* Bounds the number of heaps from which the allocator serves the threads.
 *
 * By default there are up to eight for each core, and each keeps what it took at its largest moment. */
void sglorad_bound_heaps(void);

/* Overwrites the program's arguments from the second on, which every user can read in /proc. */
void sglorad_hide_arguments(void);

#endif
