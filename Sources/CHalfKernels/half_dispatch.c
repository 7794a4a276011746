#include "half_kernels.h"

#if defined(__x86_64__)
static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
#define CHOOSE(name) (has_avx2() ? sglorad_half_avx2_##name : sglorad_half_portable_##name)
#elif defined(__aarch64__)
#define CHOOSE(name) sglorad_half_neon_##name
#else
#define CHOOSE(name) sglorad_half_portable_##name
#endif

void sglorad_half_to_float(const void *source, float *target, size_t count) {
    CHOOSE(to_float)(source, target, count);
}

void sglorad_half_from_float(const float *source, uint16_t *target, size_t count) {
    CHOOSE(from_float)(source, target, count);
}

void sglorad_half_multiply_add(
    const void *matrix, size_t rows, size_t columns, const float *vector, float *target) {
    CHOOSE(multiply_add)(matrix, rows, columns, vector, target);
}

const char *sglorad_half_kernels(void) {
#if defined(__x86_64__)
    return has_avx2() ? "avx2" : "portable";
#elif defined(__aarch64__)
    return "neon";
#else
    return "portable";
#endif
}
