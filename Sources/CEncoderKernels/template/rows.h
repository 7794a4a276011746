// What runs over rows and over single numbers.

/// Layer normalisation. Source: Ba, Kiros and Hinton, "Layer Normalization", 2016; the variance is the population's.
static void normalise(const struct EncoderNorm *norm)
{
    const size_t width = norm->width;
    for (size_t row = 0; row < norm->rows; row++) {
        const size_t place = row * width;
        const float *x = norm->x + place;
        float *y = norm->y + place;
        Lanes total = (Lanes)(0.0f);
        for (size_t index = 0; index < width; index += LANES) {
            const size_t count = width - index;
            Lanes lanes = load_some(x + index, count, 0);
            if (norm->residual) lanes += load_some(norm->residual + place + index, count, 0);
            total += lanes;
            store_some(y + index, lanes, count);
        }
        const float mean = sum_of(total) / (float)width;
        Lanes squares = (Lanes)(0.0f);
        for (size_t index = 0; index < width; index += LANES) {
            Lanes distance = load_some(y + index, width - index, mean) - mean;
            squares = fused(distance, distance, squares);
        }
        const float factor = 1 / __builtin_elementwise_sqrt(sum_of(squares) / (float)width + norm->epsilon);
        if (norm->factors) norm->factors[row] = factor;
        for (size_t index = 0; index < width; index += LANES) {
            const size_t count = width - index;
            Lanes unit = (load_some(y + index, count, 0) - mean) * factor;
            if (norm->normalised) store_some(norm->normalised + place + index, unit, count);
            Lanes weight = load_some(norm->weight + index, count, 0);
            store_some(y + index, fused(unit, weight, load_some(norm->bias + index, count, 0)), count);
        }
    }
}

static void gelu(float *values, size_t count)
{
    for (size_t index = 0; index < count; index += LANES)
        store_some(values + index, gelu_of(load_some(values + index, count - index, 0)), count - index);
}

static float unit_mean(const float *rows, size_t count, size_t width, float *mean)
{
    Lanes squares = (Lanes)(0.0f);
    for (size_t index = 0; index < width; index += LANES) {
        Lanes total = (Lanes)(0.0f);
        for (size_t row = 0; row < count; row++) total += load_some(rows + row * width + index, width - index, 0);
        total = total / (float)count;
        squares = fused(total, total, squares);
        store_some(mean + index, total, width - index);
    }
    const float length = __builtin_elementwise_sqrt(sum_of(squares));
    for (size_t index = 0; index < width; index++) mean[index] = mean[index] / length;
    return length;
}
