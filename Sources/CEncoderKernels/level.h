// Defines one level. The including file sets:
// LEVEL        the name of the variable to define
// NAME         what the level is called
// HAS_FUSED    whether the processor rounds a·b + c once
// HAS_HALF     whether the processor converts numbers in half precision
// VECTORS      how many times sixteen columns a panel holds
// ROWS         how many rows a tile has at most: 2, 6 or 12
#include "include/CEncoderKernels.h"

#include "template/vectors.h"

#include "template/product.h"

#include "template/attention.h"

#include "template/rows.h"

const struct EncoderLevel LEVEL = {
    .name = NAME,
    .packed_bytes = packed_bytes,
    .pack = pack,
    .multiply = multiply,
    .attention_floats = attention_floats,
    .attend = attend,
    .normalise = normalise,
    .gelu = gelu,
    .mean = unit_mean,
};
