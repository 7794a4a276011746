/// The text encoder's kernels: products with packed weights, attention, layer normalisation and GELU.
///
/// Each level is compiled from one source (the headers in `template`) for one kind of processor. A result for a row
/// never depends on how many rows there are nor on a row's place among them: every sum runs in one fixed order. The
/// levels with a fused multiply-add (all but `portable`) give the same bits.
#ifndef SGLORAD_ENCODER_KERNELS_H
#define SGLORAD_ENCODER_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// How weights are stored.
enum EncoderFormat {
    /// 32 bits a weight.
    ENCODER_FLOAT32 = 0,
    /// 16 bits a weight, converted on the way to the 32-bit arithmetic.
    ENCODER_BFLOAT16 = 1,
    /// 16 bits a weight with a longer fraction; no weight may be beyond ±65,504.
    ENCODER_FLOAT16 = 2,
};

/// What becomes of the sums of a product.
enum EncoderResult {
    /// y = scale·sum + bias
    ENCODER_STORE = 0,
    /// y = GELU(scale·sum + bias), the exact GELU
    ENCODER_STORE_GELU = 1,
    /// y = y + scale·sum
    ENCODER_ADD = 2,
};

/// A matrix W `[outputs, inputs]`, stored for products in panels of columns of Wᵀ.
struct EncoderWeights {
    size_t outputs, inputs;
    enum EncoderFormat format;
    /// As many bytes as `packed_bytes` says, 64-byte aligned.
    const void *panels;
};

/// y = x·Wᵀ for `rows` rows of x; the rows of x and y are `x_stride` and `y_stride` numbers apart.
struct EncoderProduct {
    size_t rows;
    const float *x;
    size_t x_stride;
    struct EncoderWeights weights;
    /// One number for each output; null for none.
    const float *_Nullable bias;
    float scale;
    enum EncoderResult result;
    float *y;
    size_t y_stride;
};

/// The self-attention of one text, all heads.
struct EncoderAttention {
    size_t tokens, heads, head_size;
    /// Queries, keys and values side by side, `[tokens, 3 · heads · head_size]`.
    const float *projections;
    /// The result, `[tokens, heads · head_size]`.
    float *context;
    /// Receives the attention of every head after the softmax, `[heads, tokens, tokens]`; null for none.
    float *_Nullable kept;
    /// Room for `attention_floats(tokens, head_size)` numbers, 64-byte aligned.
    float *work;
};

/// Layer normalisation of `rows` rows of `width` numbers.
struct EncoderNorm {
    size_t rows, width;
    const float *x;
    /// Added to x first; null for nothing.
    const float *_Nullable residual;
    const float *weight;
    const float *bias;
    float epsilon;
    /// The result; may be x.
    float *y;
    /// Receives the rows before weight and bias; null for nobody.
    float *_Nullable normalised;
    /// Receives the reciprocal of each row's standard deviation; null for nobody.
    float *_Nullable factors;
};

/// The kernels for one kind of processor.
struct EncoderLevel {
    const char *name;
    /// The size of packed weights.
    size_t (*packed_bytes)(size_t outputs, size_t inputs, enum EncoderFormat format);
    /// Packs W `[outputs, inputs]`, row-major.
    void (*pack)(const float *w, size_t outputs, size_t inputs, enum EncoderFormat format, void *panels);
    void (*multiply)(const struct EncoderProduct *product);
    size_t (*attention_floats)(size_t tokens, size_t head_size);
    void (*attend)(const struct EncoderAttention *attention);
    void (*normalise)(const struct EncoderNorm *norm);
    /// values = GELU(values)
    void (*gelu)(float *values, size_t count);
    /// mean = the mean of the rows, scaled to unit length. Returns its length before.
    float (*mean)(const float *rows, size_t count, size_t width, float *mean);
};

/// The levels that this processor can run, the fastest first, and last always `portable`.
///
/// Returns null if there are not so many.
const struct EncoderLevel *_Nullable encoder_level(size_t place);

/// The first of the levels that this processor can run.
const struct EncoderLevel *encoder_fastest_level(void);

#pragma clang assume_nonnull end

#endif
