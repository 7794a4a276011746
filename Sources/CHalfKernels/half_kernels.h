#ifndef SGLORAD_HALF_KERNELS_INTERNAL_H
#define SGLORAD_HALF_KERNELS_INTERNAL_H

#include "CHalfKernels.h"

#include <string.h>

// Number i of an array at any address.
static inline uint16_t sglorad_half_load(const void *source, size_t i) {
    uint16_t pattern;
    memcpy(&pattern, (const char *)source + 2 * i, sizeof pattern);
    return pattern;
}

float sglorad_half_widen(uint16_t pattern);
void sglorad_half_portable_to_float(const void *source, float *target, size_t count);
void sglorad_half_portable_from_float(const float *source, uint16_t *target, size_t count);

#if defined(__x86_64__)
void sglorad_half_avx2_to_float(const void *source, float *target, size_t count);
void sglorad_half_avx2_from_float(const float *source, uint16_t *target, size_t count);
void sglorad_half_avx2_multiply_add(
    const void *matrix, size_t rows, size_t columns, const float *vector, float *target);
#elif defined(__aarch64__)
void sglorad_half_neon_to_float(const void *source, float *target, size_t count);
void sglorad_half_neon_from_float(const float *source, uint16_t *target, size_t count);
void sglorad_half_neon_multiply_add(
    const void *matrix, size_t rows, size_t columns, const float *vector, float *target);
#endif

#endif
