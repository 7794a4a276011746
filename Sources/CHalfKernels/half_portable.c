#include "half_kernels.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float sglorad_half_widen(uint16_t pattern) {
    uint32_t magnitude = (uint32_t)(pattern & 0x7FFF) << 13, exponent = magnitude & 0x0F800000;
    // The exponent's bias goes from 15 to 127; infinity and NaN keep an exponent of all ones.
    uint32_t bits = magnitude + (exponent == 0x0F800000 ? 0x70000000 : 0x38000000);
    // A subnormal number is its fraction times 2^-24: read as 2^-14 * (1 + f), minus 2^-14.
    if (!exponent) bits = to_bits(from_bits(magnitude + 0x38800000) - 0x1p-14f);
    return from_bits(bits | (uint32_t)(pattern & 0x8000) << 16);
}

static uint16_t narrow(float value) {
    uint32_t bits = to_bits(value), magnitude = bits & 0x7FFFFFFF, result;
    if (magnitude > 0x7F800000) result = 0x7E00 | (magnitude >> 13 & 0x1FF);
    else if (magnitude >= 0x47800000) result = 0x7C00;
    // Below 2^-14: adding 0.5, whose last place is 2^-24, rounds to a multiple of that.
    else if (magnitude < 0x38800000) result = to_bits(from_bits(magnitude) + 0.5f) - 0x3F000000;
    // The last bit that is kept decides ties; a carry goes into the exponent and, correctly, on to infinity.
    else result = (magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13;
    return (uint16_t)(result | (bits >> 16 & 0x8000));
}

void sglorad_half_portable_to_float(const void *source, float *target, size_t count) {
    for (size_t i = 0; i < count; i++) target[i] = sglorad_half_widen(sglorad_half_load(source, i));
}

void sglorad_half_portable_from_float(const float *source, uint16_t *target, size_t count) {
    for (size_t i = 0; i < count; i++) target[i] = narrow(source[i]);
}

void sglorad_half_portable_multiply_add(
    const void *matrix, size_t rows, size_t columns, const float *vector, float *target) {
    for (size_t row = 0; row < rows; row++, matrix = (const char *)matrix + 2 * columns) {
        float s[8] = {0};
        for (size_t j = 0; j < columns; j++) s[j & 7] = fmaf(sglorad_half_widen(sglorad_half_load(matrix, j)), vector[j], s[j & 7]);
        target[row] += ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }
}
