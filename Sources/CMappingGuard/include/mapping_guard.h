#ifndef MAPPING_GUARD_H
#define MAPPING_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Survives the loss of a mapped file's content.
//
// Reading a page of a mapping beyond the end of its file, or one that the disk cannot read, raises SIGBUS, which ends the
// process. For the mappings that are registered here, the signal's handler puts zeros in place of what is lost, and records
// that the mapping is damaged, so that whatever was computed from it can be discarded.

// Registers a read-only mapping. Returns its number, or -1 if no more can be registered.
int mapping_guard_add(const void *start, size_t length);

// Removes a mapping; call it before munmap.
void mapping_guard_remove(int number);

// Whether a part of the mapping was lost.
bool mapping_guard_is_damaged(int number);

// How often, in this process, a part of a registered mapping was lost.
uint64_t mapping_guard_losses(void);

#endif
