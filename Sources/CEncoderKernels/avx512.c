#if defined(__x86_64__)
#define LEVEL encoder_level_avx512
#define NAME "AVX512"
#define HAS_FUSED 1
#define HAS_HALF 1
#define VECTORS 2
#define ROWS 12
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
