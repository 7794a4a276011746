#include "include/EncoderKernelChecks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// What one run of the checks has found, and its source of numbers.
struct Run {
    const struct EncoderLevel *level;
    char *message;
    size_t size;
    int failures;
    uint64_t random;
    uint64_t digest;
};

/// A number from −1 to 1.
static float number(struct Run *run)
{
    run->random = run->random * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(run->random >> 32) / 2147483648.0f;
}

static float *room(size_t count)
{
    void *memory = aligned_alloc(64, (count * sizeof(float) + 127) / 64 * 64);
    if (!memory) abort();
    memset(memory, 0, count * sizeof(float));
    return memory;
}

static float *numbers(struct Run *run, size_t count)
{
    float *values = room(count);
    for (size_t index = 0; index < count; index++) values[index] = number(run);
    return values;
}

static void expect(struct Run *run, double actual, double expected, double tolerance, const char *what, size_t place)
{
    if (fabs(actual - expected) <= tolerance) return;
    if (run->failures++ > 2) return;
    const size_t used = strlen(run->message);
    snprintf(
        run->message + used, run->size - used, "%s: %s at %zu is %.9g, not %.9g; ", run->level->name, what, place,
        actual, expected);
}

/// Adds the bits of results to the digest (FNV-1a).
static void note(struct Run *run, const float *values, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        uint32_t bits;
        memcpy(&bits, values + index, sizeof bits);
        run->digest = (run->digest ^ bits) * 1099511628211u;
    }
}

static double exact_gelu(double x) { return 0.5 * x * erfc(-x / sqrt(2)); }

/// The nearest number of a format, ties to even.
static double rounded(float value, enum EncoderFormat format)
{
    if (format == ENCODER_FLOAT32) return value;
    if (format == ENCODER_FLOAT16) {
        // Eleven significant bits; below 2⁻¹⁴, multiples of 2⁻²⁴.
        int exponent;
        frexp(value, &exponent);
        const double unit = ldexp(1, exponent > -13 ? exponent - 11 : -24);
        return nearbyint(value / unit) * unit;
    }
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

/// Checks products of one shape: each kind of result, and rows alone against rows in company.
static void check_product(
    struct Run *run, size_t rows, size_t inputs, size_t outputs, enum EncoderFormat format, enum EncoderResult result)
{
    const size_t x_stride = inputs + 3, y_stride = outputs + 5;
    float *x = numbers(run, rows * x_stride), *w = numbers(run, outputs * inputs), *bias = numbers(run, outputs);
    float *before = numbers(run, rows * y_stride), *y = room(rows * y_stride), *alone = room(y_stride);
    void *panels = room(run->level->packed_bytes(outputs, inputs, format) / sizeof(float));
    run->level->pack(w, outputs, inputs, format, panels);
    memcpy(y, before, rows * y_stride * sizeof(float));
    struct EncoderProduct product = {
        .rows = rows, .x = x, .x_stride = x_stride,
        .weights = {.outputs = outputs, .inputs = inputs, .format = format, .panels = panels},
        .bias = bias, .scale = 0.5f, .result = result, .y = y, .y_stride = y_stride,
    };
    run->level->multiply(&product);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < y_stride; column++) {
            const size_t place = row * y_stride + column;
            double expected = before[place], tolerance = 0;
            if (column < outputs) {
                double sum = 0;
                for (size_t k = 0; k < inputs; k++)
                    sum += (double)x[row * x_stride + k] * rounded(w[column * inputs + k], format);
                expected = 0.5 * sum + (result == ENCODER_ADD ? before[place] : bias[column]);
                if (result == ENCODER_STORE_GELU) expected = exact_gelu(expected);
                tolerance = 2e-6 * sqrt((double)inputs);
            }
            expect(run, y[place], expected, tolerance, "a product", place);
        }
        memcpy(alone, before + row * y_stride, y_stride * sizeof(float));
        product.rows = 1;
        product.x = x + row * x_stride;
        product.y = alone;
        run->level->multiply(&product);
        if (memcmp(alone, y + row * y_stride, y_stride * sizeof(float)))
            expect(run, 1, 0, 0, "a row alone differs from the row in company", row);
    }
    note(run, y, rows * y_stride);
    free(x), free(w), free(bias), free(before), free(y), free(alone), free(panels);
}

/// Checks that half precision holds numbers of every size as the nearest that it has.
static void check_halves(struct Run *run)
{
    enum { count = 4000 };
    float *w = room(count), *y = room(count), one = 1;
    for (size_t index = 0; index < count; index++) {
        const float size = ldexpf(1, (int)(index % 42) - 26);
        w[index] = number(run) * (size > 32768 ? 65504 : size);
    }
    w[0] = 65504, w[1] = -65504, w[2] = 0x1p-14f, w[3] = 0x1.ffcp-15f, w[4] = 0x1p-25f, w[5] = 0x1.8p-24f, w[6] = -0.0f;
    w[7] = 1 + 0x1p-11f, w[8] = 1 + 0x1.8p-10f, w[9] = 0x1.fffp-1f, w[10] = -0x1p-24f;
    void *panels = room(run->level->packed_bytes(count, 1, ENCODER_FLOAT16) / sizeof(float) + 1);
    run->level->pack(w, count, 1, ENCODER_FLOAT16, panels);
    run->level->multiply(&(struct EncoderProduct){
        .rows = 1, .x = &one, .x_stride = 1,
        .weights = {.outputs = count, .inputs = 1, .format = ENCODER_FLOAT16, .panels = panels},
        .scale = 1, .result = ENCODER_STORE, .y = y, .y_stride = count,
    });
    for (size_t index = 0; index < count; index++)
        expect(run, y[index], rounded(w[index], ENCODER_FLOAT16), 0, "a number in half precision", index);
    note(run, y, count);
    free(w), free(y), free(panels);
}

static void check_attention(struct Run *run, size_t tokens, size_t heads, size_t size)
{
    const size_t width = heads * size, stride = 3 * width;
    float *projections = numbers(run, tokens * stride), *context = room(tokens * width);
    float *kept = room(heads * tokens * tokens), *work = room(run->level->attention_floats(tokens, size));
    for (size_t index = 0; index < tokens * stride; index++) projections[index] *= 3;
    run->level->attend(&(struct EncoderAttention){
        .tokens = tokens, .heads = heads, .head_size = size, .projections = projections, .context = context,
        .kept = kept, .work = work,
    });
    double *weights = calloc(tokens, sizeof(double));
    for (size_t head = 0; head < heads; head++) {
        for (size_t row = 0; row < tokens; row++) {
            const float *query = projections + row * stride + head * size;
            double peak = -INFINITY, total = 0;
            for (size_t other = 0; other < tokens; other++) {
                const float *key = projections + other * stride + width + head * size;
                double sum = 0;
                for (size_t k = 0; k < size; k++) sum += (double)query[k] * key[k];
                weights[other] = sum / sqrt((double)size);
                peak = fmax(peak, weights[other]);
            }
            for (size_t other = 0; other < tokens; other++) total += weights[other] = exp(weights[other] - peak);
            for (size_t other = 0; other < tokens; other++) {
                const size_t place = (head * tokens + row) * tokens + other;
                expect(run, kept[place], weights[other] /= total, 4e-6, "attention", place);
            }
            for (size_t k = 0; k < size; k++) {
                double sum = 0;
                for (size_t other = 0; other < tokens; other++)
                    sum += weights[other] * projections[other * stride + 2 * width + head * size + k];
                expect(run, context[row * width + head * size + k], sum, 1e-5, "a context", row * width + k);
            }
        }
    }
    note(run, context, tokens * width);
    free(projections), free(context), free(kept), free(work), free(weights);
}

static void check_rows(struct Run *run, size_t rows, size_t width)
{
    float *x = numbers(run, rows * width), *residual = numbers(run, rows * width);
    float *weight = numbers(run, width), *bias = numbers(run, width);
    float *y = room(rows * width), *unit = room(rows * width), *factors = room(rows), *mean = room(width);
    run->level->normalise(&(struct EncoderNorm){
        .rows = rows, .width = width, .x = x, .residual = residual, .weight = weight, .bias = bias,
        .epsilon = 1e-12f, .y = y, .normalised = unit, .factors = factors,
    });
    for (size_t row = 0; row < rows; row++) {
        double centre = 0, variance = 0;
        for (size_t k = 0; k < width; k++) centre += (double)x[row * width + k] + residual[row * width + k];
        centre /= (double)width;
        for (size_t k = 0; k < width; k++)
            variance += pow((double)x[row * width + k] + residual[row * width + k] - centre, 2);
        const double factor = 1 / sqrt(variance / (double)width + 1e-12);
        expect(run, factors[row] / factor, 1, 1e-5, "a factor", row);
        for (size_t k = 0; k < width; k++) {
            const size_t place = row * width + k;
            const double expected = ((double)x[place] + residual[place] - centre) * factor;
            expect(run, unit[place], expected, 1e-5, "a normalised number", place);
            expect(run, y[place], expected * weight[k] + bias[k], 1e-5, "a normalised number", place);
        }
    }
    const double length = run->level->mean(x, rows, width, mean);
    double squares = 0;
    for (size_t k = 0; k < width; k++) {
        double sum = 0;
        for (size_t row = 0; row < rows; row++) sum += x[row * width + k];
        expect(run, mean[k] * length, sum / (double)rows, 1e-6, "a mean", k);
        squares += pow(sum / (double)rows, 2);
    }
    expect(run, length, sqrt(squares), 1e-5, "a length", rows);
    note(run, y, rows * width);
    note(run, mean, width);
    free(x), free(residual), free(weight), free(bias), free(y), free(unit), free(factors), free(mean);
}

static void check_gelu(struct Run *run)
{
    enum { count = 20001 };
    float *values = room(count);
    for (size_t index = 0; index < count; index++) values[index] = (float)index / 1000 - 10;
    run->level->gelu(values, count);
    for (size_t index = 0; index < count; index++) {
        const float x = (float)index / 1000 - 10;
        const double exact = exact_gelu(x);
        expect(run, values[index], exact, 2e-7 * fmax(1, fabs(x)), "GELU", index);
        // The exponent x²/2 is rounded, which affects the relative error in the far tail only.
        if (exact != 0) expect(run, values[index] / exact, 1, 1e-6 * (1 + x * x / 2), "GELU's tail", index);
    }
    note(run, values, count);
    free(values);
}

static struct Run run_checks(const struct EncoderLevel *level, char *message, size_t size)
{
    struct Run run = {.level = level, .message = message, .size = size, .digest = 14695981039346656037u};
    const size_t rows[] = {1, 2, 3, 5, 6, 7, 12, 13, 25, 64, 245};
    const size_t inputs[] = {1, 8, 33, 384, 400};
    const size_t outputs[] = {1, 15, 16, 17, 40, 64};
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
            const size_t shape = r + i;
            check_product(
                &run, rows[r], inputs[i], outputs[shape % 6], (enum EncoderFormat)(shape % 2),
                (enum EncoderResult)(shape % 3));
            check_product(
                &run, rows[r], inputs[i], outputs[(shape + 3) % 6], (enum EncoderFormat)((shape + 1) % 2),
                (enum EncoderResult)((shape + 1) % 3));
            check_product(
                &run, rows[r], inputs[i], outputs[(shape + 1) % 6], ENCODER_FLOAT16,
                (enum EncoderResult)((shape + 2) % 3));
        }
    check_product(&run, 30, 1536, 48, ENCODER_FLOAT32, ENCODER_STORE);
    check_product(&run, 30, 1536, 48, ENCODER_BFLOAT16, ENCODER_STORE_GELU);
    check_product(&run, 30, 1536, 50, ENCODER_FLOAT16, ENCODER_STORE_GELU);
    check_halves(&run);
    const size_t tokens[] = {1, 2, 7, 15, 16, 17, 24, 25, 33, 70};
    for (size_t t = 0; t < sizeof tokens / sizeof tokens[0]; t++) {
        check_attention(&run, tokens[t], 2, 32);
        check_attention(&run, tokens[t], 3, t % 2 ? 4 : 20);
        check_rows(&run, tokens[t], t % 2 ? 384 : 20);
    }
    check_rows(&run, 3, 8);
    check_gelu(&run);
    return run;
}

int check_encoder_level(const struct EncoderLevel *level, char *message, size_t size)
{
    message[0] = 0;
    return run_checks(level, message, size).failures;
}

uint64_t encoder_level_digest(const struct EncoderLevel *level)
{
    char message[8] = "";
    return run_checks(level, message, sizeof message).digest;
}
