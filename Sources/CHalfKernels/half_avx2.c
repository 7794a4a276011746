#include "half_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma,f16c")))

AVX2 static inline __m256 widen(const char *source) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)source));
}

AVX2 void sglorad_half_avx2_to_float(const void *numbers, float *target, size_t count) {
    const char *source = numbers;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        _mm256_storeu_ps(target + i, widen(source + 2 * i));
        _mm256_storeu_ps(target + i + 8, widen(source + 2 * i + 16));
        _mm256_storeu_ps(target + i + 16, widen(source + 2 * i + 32));
        _mm256_storeu_ps(target + i + 24, widen(source + 2 * i + 48));
    }
    for (; i + 8 <= count; i += 8) _mm256_storeu_ps(target + i, widen(source + 2 * i));
    for (; i < count; i++) target[i] = _cvtsh_ss(sglorad_half_load(source, i));
}

AVX2 void sglorad_half_avx2_from_float(const float *source, uint16_t *target, size_t count) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m128i narrow = _mm256_cvtps_ph(_mm256_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128((__m128i *)(target + i), narrow);
    }
    for (; i < count; i++) target[i] = _cvtss_sh(source[i], _MM_FROUND_TO_NEAREST_INT);
}

// ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)).
AVX2 static inline float total(__m256 s) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// The totals of four vectors at once, each as `total` adds it up.
AVX2 static inline __m128 totals(__m256 a, __m256 b, __m256 c, __m256 d) {
    __m128 a4 = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 b4 = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    __m128 c4 = _mm_add_ps(_mm256_castps256_ps128(c), _mm256_extractf128_ps(c, 1));
    __m128 d4 = _mm_add_ps(_mm256_castps256_ps128(d), _mm256_extractf128_ps(d, 1));
    // [a0+a2, a1+a3, b0+b2, b1+b3], then [a, b, c, d].
    __m128 ab = _mm_add_ps(_mm_movelh_ps(a4, b4), _mm_movehl_ps(b4, a4));
    __m128 cd = _mm_add_ps(_mm_movelh_ps(c4, d4), _mm_movehl_ps(d4, c4));
    return _mm_add_ps(_mm_shuffle_ps(ab, cd, _MM_SHUFFLE(2, 0, 2, 0)), _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 1, 3, 1)));
}

AVX2 static inline __m256 tail(const char *row, const float *vector, size_t from, size_t columns, __m256 sum) {
    float sums[8];
    _mm256_storeu_ps(sums, sum);
    for (size_t j = from; j < columns; j++) {
        __m128 product = _mm_fmadd_ss(_mm_set_ss(_cvtsh_ss(sglorad_half_load(row, j))), _mm_set_ss(vector[j]), _mm_set_ss(sums[j - from]));
        sums[j - from] = _mm_cvtss_f32(product);
    }
    return _mm256_loadu_ps(sums);
}

AVX2 void sglorad_half_avx2_multiply_add(
    const void *numbers, size_t rows, size_t columns, const float *vector, float *target) {
    const char *matrix = numbers;
    size_t whole = columns & ~(size_t)7, length = 2 * columns, row = 0;
    for (; row + 4 <= rows; row += 4, matrix += 4 * length) {
        const char *m0 = matrix, *m1 = m0 + length, *m2 = m1 + length, *m3 = m2 + length;
        __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t j = 0; j < whole; j += 8) {
            __m256 v = _mm256_loadu_ps(vector + j);
            s0 = _mm256_fmadd_ps(widen(m0 + 2 * j), v, s0);
            s1 = _mm256_fmadd_ps(widen(m1 + 2 * j), v, s1);
            s2 = _mm256_fmadd_ps(widen(m2 + 2 * j), v, s2);
            s3 = _mm256_fmadd_ps(widen(m3 + 2 * j), v, s3);
        }
        if (whole < columns) {
            s0 = tail(m0, vector, whole, columns, s0);
            s1 = tail(m1, vector, whole, columns, s1);
            s2 = tail(m2, vector, whole, columns, s2);
            s3 = tail(m3, vector, whole, columns, s3);
        }
        // Four kibibytes ahead: the processor's own prefetching stops at the end of a page.
        for (size_t byte = 0; byte < 4 * length; byte += 64) _mm_prefetch(matrix + 4096 + byte, _MM_HINT_T0);
        _mm_storeu_ps(target + row, _mm_add_ps(_mm_loadu_ps(target + row), totals(s0, s1, s2, s3)));
    }
    for (; row < rows; row++, matrix += length) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t j = 0; j < whole; j += 8) sum = _mm256_fmadd_ps(widen(matrix + 2 * j), _mm256_loadu_ps(vector + j), sum);
        if (whole < columns) sum = tail(matrix, vector, whole, columns, sum);
        target[row] += total(sum);
    }
}
#endif
