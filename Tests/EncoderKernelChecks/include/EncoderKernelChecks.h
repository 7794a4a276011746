/// Checks of the text encoder's kernels, run by the tests and, for other processors, by a program of its own.
#ifndef SGLORAD_ENCODER_KERNEL_CHECKS_H
#define SGLORAD_ENCODER_KERNEL_CHECKS_H

#include <stddef.h>
#include <stdint.h>

#include "CEncoderKernels.h"

#pragma clang assume_nonnull begin

/// Compares a level's results with those in double precision, and the results for one row with those among others.
///
/// Returns how many checks failed, and describes the first ones in `message`.
int check_encoder_level(const struct EncoderLevel *level, char *message, size_t size);

/// A digest of results, which is the same for all levels with a fused multiply-add.
uint64_t encoder_level_digest(const struct EncoderLevel *level);

/// The source of the 512-bit level, compiled for 256-bit registers; null if this processor cannot run it.
const struct EncoderLevel *_Nullable wide_encoder_level(void);

#pragma clang assume_nonnull end

#endif
