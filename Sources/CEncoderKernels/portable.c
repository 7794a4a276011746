#define LEVEL encoder_level_portable
#define NAME "portable"
#define HAS_FUSED 0
#define HAS_HALF 0
#define VECTORS 1
#define ROWS 2
#include "level.h"
