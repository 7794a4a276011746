// Products with packed weights.
//
// A panel holds COLUMNS columns of Wᵀ, input after input, so that a product reads it once from front to back. In
// bfloat16, one 32-bit word holds column c in its lower half and column c + COLUMNS/2 in its upper half: a shift and a
// mask turn it into two floats. Half-precision numbers lie in the columns' order. Every element of a product is one sum
// over the inputs in their order, however many rows a tile has.

#define COLUMNS (LANES * VECTORS)
#define EACH_ROW _Pragma("clang loop unroll(full)") for (int row = 0; row < rows; row++)
#define EACH_VECTOR _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++)

INLINE size_t panels_for(size_t outputs) { return (outputs + COLUMNS - 1) / COLUMNS; }

INLINE size_t bytes_of(enum EncoderFormat format) { return format == ENCODER_FLOAT32 ? 4 : 2; }

static size_t packed_bytes(size_t outputs, size_t inputs, enum EncoderFormat format)
{
    return panels_for(outputs) * COLUMNS * inputs * bytes_of(format);
}

/// Rounds to the nearest bfloat16, ties to even; infinity stays, and a NaN stays a NaN.
INLINE uint32_t halved(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits >> 16) | 0x40u;
    return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

/// Rounds a number of at most 65,504 to the nearest in half precision, ties to even.
INLINE uint16_t half_of(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u;
    float magnitude = value < 0 ? -value : value;
    if (magnitude < 0x1p-14f) {
        // A multiple of 2⁻²⁴: adding it to ½ rounds to just that.
        magnitude += 0.5f;
        __builtin_memcpy(&bits, &magnitude, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000u));
    }
    bits &= 0x7fffffffu;
    bits += 0xfffu + (bits >> 13 & 1u);
    return (uint16_t)(sign | ((bits >> 13) - (112u << 10)));
}

/// Widens sixteen numbers in half precision, none of them infinite; exact.
INLINE Lanes widened(const void *source)
{
#if HAS_HALF
    _Float16 __attribute__((ext_vector_type(LANES))) numbers;
    __builtin_memcpy(&numbers, source, sizeof numbers);
    return __builtin_convertvector(numbers, Lanes);
#else
    uint16_t __attribute__((ext_vector_type(LANES))) numbers;
    __builtin_memcpy(&numbers, source, sizeof numbers);
    const Bits bits = __builtin_convertvector(numbers, Bits);
    const Lanes magnitude = (Lanes)((bits & 0x7fff) << 13) * 0x1p112f;
    return (Lanes)((Bits)magnitude | (bits & 0x8000) << 16);
#endif
}

static void pack(
    const float *w, size_t outputs, size_t inputs, enum EncoderFormat format, void *panels)
{
    // A few inputs of all columns at a time, so that each cache line is read and written once.
    float block[LANES][COLUMNS];
    for (size_t panel = 0; panel < panels_for(outputs); panel++) {
        const size_t column = panel * COLUMNS;
        for (size_t first = 0; first < inputs; first += LANES) {
            const size_t deep = inputs - first < LANES ? inputs - first : LANES;
            for (size_t c = 0; c < COLUMNS; c++)
                for (size_t k = 0; k < deep; k++)
                    block[k][c] = column + c < outputs ? w[(column + c) * inputs + first + k] : 0;
            const size_t place = (panel * inputs + first) * COLUMNS;
            if (format == ENCODER_FLOAT32) {
                __builtin_memcpy((float *)panels + place, block, deep * sizeof block[0]);
                continue;
            }
            if (format == ENCODER_FLOAT16) {
                uint16_t *numbers = (uint16_t *)panels + place;
                for (size_t k = 0; k < deep; k++)
                    for (size_t c = 0; c < COLUMNS; c++) *numbers++ = half_of(block[k][c]);
                continue;
            }
            uint32_t *words = (uint32_t *)panels + place / 2;
            for (size_t k = 0; k < deep; k++)
                for (size_t c = 0; c < COLUMNS / 2; c++)
                    *words++ = halved(block[k][c]) | halved(block[k][c + COLUMNS / 2]) << 16;
        }
    }
}

/// The weights of one input of a panel.
INLINE void load_weights(const void *panel, size_t k, const enum EncoderFormat format, Lanes weights[VECTORS])
{
    if (format == ENCODER_FLOAT16) {
        EACH_VECTOR weights[v] = widened((const uint16_t *)panel + k * COLUMNS + v * LANES);
        return;
    }
    if (format == ENCODER_FLOAT32) {
        EACH_VECTOR weights[v] = load((const float *)panel + k * COLUMNS + v * LANES);
        return;
    }
#if VECTORS == 1
    HalfBits words;
    __builtin_memcpy(&words, (const uint32_t *)panel + k * (COLUMNS / 2), sizeof words);
    Half low = (Half)(words << 16), high = (Half)(words & (int32_t)0xffff0000);
    weights[0] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    Bits words;
    __builtin_memcpy(&words, (const uint32_t *)panel + k * (COLUMNS / 2), sizeof words);
    weights[0] = (Lanes)(words << 16);
    weights[1] = (Lanes)(words & (int32_t)0xffff0000);
#endif
}

/// A tile of the result: a few rows times the columns of one panel, over some of the inputs.
struct Tile {
    const float *x;
    size_t x_stride;
    const void *panel;
    /// A part of the next panel, to be fetched meanwhile, so many bytes for each input.
    const char *next;
    size_t next_step;
    /// How many inputs.
    size_t depth;
    /// Has room for whole panels.
    float *y;
    size_t y_stride;
    const float *bias;
    float scale;
    enum EncoderResult result;
    /// Whether y holds the sums over earlier inputs.
    bool resumes;
    /// Whether these are the last inputs.
    bool ends;
};

INLINE void multiply_tile(const struct Tile *tile, const int rows, const enum EncoderFormat format)
{
    Lanes sums[rows][VECTORS];
    EACH_ROW EACH_VECTOR sums[row][v] =
        tile->resumes ? load(tile->y + row * tile->y_stride + v * LANES) : (Lanes)(0.0f);
    const float *x = tile->x;
    const size_t stride = tile->x_stride;
    for (size_t k = 0; k < tile->depth; k++) {
        Lanes weights[VECTORS];
        load_weights(tile->panel, k, format, weights);
        __builtin_prefetch(tile->next + k * tile->next_step, 0, 2);
        EACH_ROW EACH_VECTOR sums[row][v] = fused((Lanes)(x[row * stride + k]), weights[v], sums[row][v]);
    }
    if (tile->ends) {
        const Lanes scale = (Lanes)(tile->scale);
        if (tile->result == ENCODER_ADD) {
            EACH_ROW EACH_VECTOR sums[row][v] =
                fused(sums[row][v], scale, load(tile->y + row * tile->y_stride + v * LANES));
        } else {
            Lanes bias[VECTORS];
            EACH_VECTOR bias[v] = tile->bias ? load(tile->bias + v * LANES) : (Lanes)(0.0f);
            EACH_ROW EACH_VECTOR sums[row][v] = fused(sums[row][v], scale, bias[v]);
            if (tile->result == ENCODER_STORE_GELU) EACH_ROW EACH_VECTOR sums[row][v] = gelu_of(sums[row][v]);
        }
    }
    EACH_ROW EACH_VECTOR store(tile->y + row * tile->y_stride + v * LANES, sums[row][v]);
}

#define TILE(rows)                                                                 \
    static void tile_##rows(const struct Tile *tile, enum EncoderFormat format)    \
    {                                                                              \
        switch (format) {                                                          \
        case ENCODER_FLOAT32: return multiply_tile(tile, rows, ENCODER_FLOAT32);   \
        case ENCODER_BFLOAT16: return multiply_tile(tile, rows, ENCODER_BFLOAT16); \
        case ENCODER_FLOAT16: return multiply_tile(tile, rows, ENCODER_FLOAT16);   \
        }                                                                          \
    }

TILE(1)
TILE(2)
#if ROWS >= 6
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#endif
#if ROWS >= 12
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
#endif

static void (*const tiles[])(const struct Tile *, enum EncoderFormat) = {
    0, tile_1, tile_2,
#if ROWS >= 6
    tile_3, tile_4, tile_5, tile_6,
#endif
#if ROWS >= 12
    tile_7, tile_8, tile_9, tile_10, tile_11, tile_12,
#endif
};

/// Computes a tile whose panel has only so many columns, by way of one with room for all of them.
static void narrow_tile(struct Tile tile, size_t rows, enum EncoderFormat format, size_t columns)
{
    float y[ROWS * COLUMNS], bias[COLUMNS];
    float *target = tile.y;
    const bool reads = tile.resumes || tile.result == ENCODER_ADD;
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < COLUMNS; c++)
            y[row * COLUMNS + c] = reads && c < columns ? target[row * tile.y_stride + c] : 0;
    for (size_t c = 0; c < COLUMNS; c++) bias[c] = tile.bias && c < columns ? tile.bias[c] : 0;
    const size_t stride = tile.y_stride;
    tile.y = y;
    tile.y_stride = COLUMNS;
    tile.bias = bias;
    tiles[rows](&tile, format);
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < columns; c++) target[row * stride + c] = y[row * COLUMNS + c];
}

/// The inputs of a panel that stay in the first cache while many rows pass, and the rows that stay in the second one
/// while the panels pass.
#define DEPTH 384
#define CHUNK 240

static void multiply(const struct EncoderProduct *product)
{
    const struct EncoderWeights *weights = &product->weights;
    const size_t bytes = bytes_of(weights->format);
    // A few rows read each panel from front to back: the memory is what they wait for.
    const bool whole = product->rows <= 2 * ROWS || product->result == ENCODER_ADD;
    const size_t depth = whole ? weights->inputs : DEPTH;
    for (size_t start = 0; start < product->rows; start += CHUNK) {
        const size_t rows = product->rows - start < CHUNK ? product->rows - start : CHUNK;
        const size_t groups = (rows + ROWS - 1) / ROWS;
        for (size_t k = 0; k < weights->inputs; k += depth) {
            const size_t deep = weights->inputs - k < depth ? weights->inputs - k : depth;
            for (size_t panel = 0; panel < panels_for(weights->outputs); panel++) {
                const size_t column = panel * COLUMNS;
                const size_t columns = weights->outputs - column;
                struct Tile tile = {
                    .x_stride = product->x_stride,
                    .panel = (const char *)weights->panels + (panel * weights->inputs + k) * COLUMNS * bytes,
                    .depth = deep, .y_stride = product->y_stride,
                    .bias = product->bias ? product->bias + column : 0, .scale = product->scale,
                    .result = product->result, .resumes = k > 0, .ends = k + deep == weights->inputs,
                };
                for (size_t group = 0; group < groups; group++) {
                    const size_t first = rows * group / groups;
                    const size_t count = rows * (group + 1) / groups - first;
                    // Each tile fetches its share, so that the memory is busy all the time and never too busy.
                    tile.next_step = COLUMNS * bytes / groups;
                    tile.next = (const char *)tile.panel + deep * (COLUMNS * bytes + group * tile.next_step);
                    tile.x = product->x + (start + first) * product->x_stride + k;
                    tile.y = product->y + (start + first) * product->y_stride + column;
                    if (columns < COLUMNS) narrow_tile(tile, count, weights->format, columns);
                    else tiles[count](&tile, weights->format);
                }
            }
        }
    }
}
