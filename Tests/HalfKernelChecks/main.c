// Compares the kernels of generation that this processor uses with their portable variants, bit by bit, and prints a digest of
// the results, which is the same on every processor.
#include "CHalfKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most = 4096 };

static uint64_t state = 1, digest = 1469598103934665603u;

// A number between -2 and 2 with 24 bits of fraction.
static float number(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)((int32_t)(state >> 32) >> 6) * 0x1p-24f;
}

static int compare(const char *what, size_t count, const void *own, const void *portable, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) digest = (digest ^ ((const unsigned char *)own)[i]) * 1099511628211u;
    if (!memcmp(own, portable, bytes)) return 0;
    printf("%s of %zu numbers: the bits differ from the portable kernel's\n", what, count);
    return 1;
}

static int check(size_t count) {
    static float sources[5][most + 3], own[most], portable[most], vector[67];
    static uint16_t halves[most], matrix[16 * 67];
    const float *places[5], weights[5] = {number(), number(), number(), number(), number()};
    for (size_t k = 0; k < 5; k++) {
        places[k] = sources[k];
        for (size_t i = 0; i < count + 3; i++) sources[k][i] = number();
    }
    sglorad_weighted_sum(places, weights, 5, 3, count, own);
    sglorad_portable_weighted_sum(places, weights, 5, 3, count, portable);
    int failures = compare("a weighted sum", count, own, portable, count * sizeof(float));
    sglorad_half_from_float(sources[0], halves, count);
    failures += compare("conversion to half precision", count, halves, halves, count * sizeof(uint16_t));
    sglorad_half_to_float(halves, own, count);
    failures += compare("conversion from half precision", count, own, own, count * sizeof(float));
    size_t columns = 1 + count % 67, rows = 1 + count % 16;
    for (size_t i = 0; i < columns; i++) vector[i] = number();
    for (size_t i = 0; i < rows * columns; i++) own[i] = number();
    sglorad_half_from_float(own, matrix, rows * columns);
    for (size_t i = 0; i < rows; i++) own[i] = portable[i] = number();
    sglorad_half_multiply_add(matrix, rows, columns, vector, own);
    sglorad_half_portable_multiply_add(matrix, rows, columns, vector, portable);
    return failures + compare("a product", rows * columns, own, portable, rows * sizeof(float));
}

int main(void) {
    int failures = 0;
    for (size_t count = 1; count < 300; count++) failures += check(count);
    failures += check(most);
    printf("generation, %s: %s digest %016llx\n", sglorad_half_kernels(), failures ? "failed" : "passed",
           (unsigned long long)digest);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
