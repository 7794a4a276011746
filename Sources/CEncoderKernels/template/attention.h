// Self-attention: softmax(Q·Kᵀ/√d)·V for each head. Source: Vaswani et al., "Attention Is All You Need", 2017.

/// The queries whose scores are held at a time.
#define QUERIES 24

INLINE size_t whole_panels(size_t count) { return panels_for(count) * COLUMNS; }

static size_t attention_floats(size_t tokens, size_t head_size)
{
    return whole_panels(tokens) * head_size + whole_panels(head_size) * tokens + QUERIES * whole_panels(tokens);
}

/// Packs the matrix with `outputs` rows, `stride` numbers apart: the keys.
INLINE void pack_rows(const float *rows, size_t stride, size_t outputs, size_t inputs, float *panels)
{
    for (size_t first = 0; first < outputs; first += COLUMNS) {
        const size_t count = outputs - first < COLUMNS ? outputs - first : COLUMNS;
        for (size_t c = 0; c < COLUMNS; c++) {
            float *target = panels + first * inputs + c;
            if (c < count) {
                const float *source = rows + (first + c) * stride;
                for (size_t k = 0; k < inputs; k++) target[k * COLUMNS] = source[k];
            } else {
                for (size_t k = 0; k < inputs; k++) target[k * COLUMNS] = 0;
            }
        }
    }
}

/// Packs the transpose of the matrix with `inputs` rows, `stride` numbers apart: the values.
INLINE void pack_columns(const float *rows, size_t stride, size_t outputs, size_t inputs, float *panels)
{
    for (size_t first = 0; first < outputs; first += COLUMNS)
        for (size_t k = 0; k < inputs; k++)
            for (size_t v = 0; v < VECTORS; v++) {
                const size_t place = first + v * LANES;
                Lanes lanes = place < outputs ? load_some(rows + k * stride + place, outputs - place, 0)
                                              : (Lanes)(0.0f);
                store(panels + first * inputs + k * COLUMNS + v * LANES, lanes);
            }
}

/// values = softmax(values). There is room for whole vectors, and the numbers beyond `count` become zero.
INLINE void softmax(float *values, size_t count)
{
    const size_t room = (count + LANES - 1) / LANES * LANES;
    for (size_t index = count; index < room; index++) values[index] = -__builtin_inff();
    Lanes peaks = load(values);
    for (size_t index = LANES; index < room; index += LANES) {
        Lanes lanes = load(values + index);
        peaks = choose(lanes > peaks, lanes, peaks);
    }
    const Lanes peak = (Lanes)(largest_of(peaks));
    Lanes total = (Lanes)(0.0f);
    for (size_t index = 0; index < room; index += LANES) {
        Lanes lanes = load(values + index);
        Lanes power = exponential(lanes - peak);
        power = choose(lanes == -__builtin_inff(), (Lanes)(0.0f), power);
        total += power;
        store(values + index, power);
    }
    const Lanes factor = (Lanes)(1.0f / sum_of(total));
    for (size_t index = 0; index < room; index += LANES) store(values + index, load(values + index) * factor);
}

static void attend(const struct EncoderAttention *attention)
{
    const size_t tokens = attention->tokens, size = attention->head_size;
    const size_t width = attention->heads * size, stride = 3 * width, room = whole_panels(tokens);
    float *keys = attention->work;
    float *values = keys + room * size;
    float *scores = values + whole_panels(size) * tokens;
    for (size_t head = 0; head < attention->heads; head++) {
        const float *query = attention->projections + head * size;
        pack_rows(query + width, stride, tokens, size, keys);
        pack_columns(query + 2 * width, stride, size, tokens, values);
        for (size_t first = 0; first < tokens; first += QUERIES) {
            const size_t count = tokens - first < QUERIES ? tokens - first : QUERIES;
            multiply(&(struct EncoderProduct){
                .rows = count, .x = query + first * stride, .x_stride = stride,
                .weights = {.outputs = tokens, .inputs = size, .panels = keys},
                .scale = 1 / __builtin_elementwise_sqrt((float)size), .y = scores, .y_stride = room,
            });
            for (size_t row = 0; row < count; row++) {
                softmax(scores + row * room, tokens);
                if (attention->kept)
                    __builtin_memcpy(
                        attention->kept + (head * tokens + first + row) * tokens, scores + row * room,
                        tokens * sizeof(float));
            }
            multiply(&(struct EncoderProduct){
                .rows = count, .x = scores, .x_stride = room,
                .weights = {.outputs = size, .inputs = tokens, .panels = values},
                .scale = 1, .y = attention->context + first * width + head * size, .y_stride = width,
            });
        }
    }
}
