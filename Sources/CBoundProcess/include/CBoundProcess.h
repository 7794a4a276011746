#ifndef SGLORAD_CBOUNDPROCESS_H
#define SGLORAD_CBOUNDPROCESS_H

#include <sys/types.h>

/* Starts a program that the kernel kills when the calling thread ends, and with it this process, however that happens.

   The program gets the arguments and the environment, both ended by NULL, and a working folder; it reads from /dev/null, writes
   both its outputs to the file descriptor `output`, and inherits nothing else: no other descriptor, blocked signal or handler.

   The process, or -1 with errno, which may also be that of the folder or the program. */
pid_t sglorad_start_bound(const char *program, char *const arguments[], char *const environment[], const char *folder,
                          int output);

#endif
