#if defined(__x86_64__)
#define LEVEL encoder_level_avx2
#define NAME "AVX2"
#define HAS_FUSED 1
#define HAS_HALF 1
#define VECTORS 1
#define ROWS 6
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
