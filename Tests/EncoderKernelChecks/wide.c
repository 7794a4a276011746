// The level for 512-bit registers has panels twice as wide and twice as many rows in a tile. Here its source is
// compiled for 256-bit registers, so that a processor without AVX-512 proves it.
#include "include/EncoderKernelChecks.h"

#if defined(__x86_64__)
#define LEVEL encoder_level_wide
#define NAME "wide"
#define HAS_FUSED 1
#define HAS_HALF 1
#define VECTORS 2
#define ROWS 12
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "../../Sources/CEncoderKernels/level.h"
#pragma clang attribute pop

const struct EncoderLevel *wide_encoder_level(void)
{
    __builtin_cpu_init();
    const bool runs =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    return runs ? &encoder_level_wide : 0;
}
#else
const struct EncoderLevel *wide_encoder_level(void) { return 0; }
#endif
