#include "include/CEncoderKernels.h"

extern const struct EncoderLevel encoder_level_avx512, encoder_level_avx2, encoder_level_neon, encoder_level_portable;

const struct EncoderLevel *encoder_level(size_t place)
{
    const struct EncoderLevel *levels[3];
    size_t count = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) levels[count++] = &encoder_level_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
        levels[count++] = &encoder_level_avx2;
#elif defined(__aarch64__)
    levels[count++] = &encoder_level_neon;
#endif
    levels[count++] = &encoder_level_portable;
    return place < count ? levels[place] : 0;
}

const struct EncoderLevel *encoder_fastest_level(void)
{
    const struct EncoderLevel *fastest = encoder_level(0);
    return fastest ? fastest : &encoder_level_portable;
}
