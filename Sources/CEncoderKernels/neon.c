#if defined(__aarch64__)
#define LEVEL encoder_level_neon
#define NAME "NEON"
#define HAS_FUSED 1
#define HAS_HALF 1
#define VECTORS 1
#define ROWS 6
#include "level.h"
#endif
