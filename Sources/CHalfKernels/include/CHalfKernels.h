#ifndef SGLORAD_HALF_KERNELS_H
#define SGLORAD_HALF_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// The loops of generation. Numbers in half precision are IEEE 754 binary16 in native byte order, and may lie at any address.
//
// They use what the processor has: AVX2, FMA and F16C, or NEON; else plain C. Every variant rounds in the same places and in
// the same order, so all give the same bits (of anything but a signalling NaN), on any processor and for any division of the
// work into calls.

// target[i] = source[i], exactly.
void sglorad_half_to_float(const void *source, float *target, size_t count);

// target[i] = the nearest binary16 of source[i], ties to even.
void sglorad_half_from_float(const float *source, uint16_t *target, size_t count);

// target[i] += sum over j of matrix[i * columns + j] * vector[j], for `rows` rows.
//
// Element j of a row goes to partial sum j modulo 8 by fused multiply-adds, in order; the eight sums s are added up as
// ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)).
void sglorad_half_multiply_add(
    const void *matrix, size_t rows, size_t columns, const float *vector, float *target);

// The variant that is in use: "avx2", "neon" or "portable".
const char *sglorad_half_kernels(void);

// The portable variant, for tests.
void sglorad_half_portable_multiply_add(
    const void *matrix, size_t rows, size_t columns, const float *vector, float *target);

// target[i] = the sum over k of weights[k] * sources[k][first + i], for `count` numbers: from 0, by fused multiply-adds, in order.
void sglorad_weighted_sum(
    const float *const *sources, const float *weights, size_t sources_count, size_t first, size_t count, float *target);

// The portable variant, for tests.
void sglorad_portable_weighted_sum(
    const float *const *sources, const float *weights, size_t sources_count, size_t first, size_t count, float *target);

#endif
