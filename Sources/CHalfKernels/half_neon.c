#include "half_kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// Every 64-bit ARM processor converts between binary16 and single precision.

void sglorad_half_neon_to_float(const void *source, float *target, size_t count) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        vst1q_f32(target + i, vcvt_f32_f16(vreinterpret_f16_u16(vreinterpret_u16_u8(vld1_u8((const uint8_t *)source + 2 * i)))));
    }
    for (; i < count; i++) target[i] = sglorad_half_widen(sglorad_half_load(source, i));
}

void sglorad_half_neon_from_float(const float *source, uint16_t *target, size_t count) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        vst1_u16(target + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(source + i))));
    }
    sglorad_half_portable_from_float(source + i, target + i, count - i);
}

void sglorad_half_neon_multiply_add(
    const void *numbers, size_t rows, size_t columns, const float *vector, float *target) {
    const uint8_t *matrix = numbers;
    size_t whole = columns & ~(size_t)7;
    for (size_t row = 0; row < rows; row++, matrix += 2 * columns) {
        float32x4_t low = vdupq_n_f32(0), high = low;
        for (size_t j = 0; j < whole; j += 8) {
            uint16x8_t halves = vreinterpretq_u16_u8(vld1q_u8(matrix + 2 * j));
            low = vfmaq_f32(low, vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(halves))), vld1q_f32(vector + j));
            high = vfmaq_f32(high, vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(halves))), vld1q_f32(vector + j + 4));
        }
        if (whole < columns) {
            float s[8];
            vst1q_f32(s, low);
            vst1q_f32(s + 4, high);
            for (size_t j = whole; j < columns; j++) {
                s[j - whole] = __builtin_fmaf(sglorad_half_widen(sglorad_half_load(matrix, j)), vector[j], s[j - whole]);
            }
            low = vld1q_f32(s);
            high = vld1q_f32(s + 4);
        }
        float32x4_t four = vaddq_f32(low, high);
        float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
        target[row] += vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
    }
}
#endif
