#include "CHalfKernels.h"

#include <string.h>

// One loop for every processor: with fused multiply-add in the instruction set the compiler makes vectors of it, else each is a
// call of fmaf. Thirty-two sums are kept in registers, so that every number is read once and every result is written once.
static inline __attribute__((always_inline)) void weighted_sum(
    const float *const *sources, const float *weights, size_t sources_count, size_t first, size_t count, float *target) {
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        float sums[32] = {0};
        for (size_t k = 0; k < sources_count; k++) {
            const float *source = sources[k] + first + i, weight = weights[k];
            for (size_t j = 0; j < 32; j++) sums[j] = __builtin_fmaf(source[j], weight, sums[j]);
        }
        memcpy(target + i, sums, sizeof sums);
    }
    for (; i < count; i++) {
        float sum = 0;
        for (size_t k = 0; k < sources_count; k++) sum = __builtin_fmaf(sources[k][first + i], weights[k], sum);
        target[i] = sum;
    }
}

void sglorad_portable_weighted_sum(
    const float *const *sources, const float *weights, size_t sources_count, size_t first, size_t count, float *target) {
    weighted_sum(sources, weights, sources_count, first, count, target);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void avx2_weighted_sum(
    const float *const *sources, const float *weights, size_t sources_count, size_t first, size_t count, float *target) {
    weighted_sum(sources, weights, sources_count, first, count, target);
}
#endif

void sglorad_weighted_sum(
    const float *const *sources, const float *weights, size_t sources_count, size_t first, size_t count, float *target) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        avx2_weighted_sum(sources, weights, sources_count, first, count, target);
        return;
    }
#endif
    sglorad_portable_weighted_sum(sources, weights, sources_count, first, count, target);
}
