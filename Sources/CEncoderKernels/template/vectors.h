// Sixteen lanes, whatever the processor's registers hold: the compiler divides them. The order of every sum over
// lanes is therefore the same at all levels.
#pragma STDC FP_CONTRACT OFF
// Every function that takes or returns lanes is inlined, so how they would be passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define LANES 16

typedef float Lanes __attribute__((ext_vector_type(LANES)));
typedef float Half __attribute__((ext_vector_type(LANES / 2)));
typedef float Quarter __attribute__((ext_vector_type(LANES / 4)));
typedef int32_t Bits __attribute__((ext_vector_type(LANES)));
typedef int32_t HalfBits __attribute__((ext_vector_type(LANES / 2)));

INLINE Lanes load(const float *source)
{
    Lanes lanes;
    __builtin_memcpy(&lanes, source, sizeof lanes);
    return lanes;
}

INLINE void store(float *target, Lanes lanes)
{
    __builtin_memcpy(target, &lanes, sizeof lanes);
}

/// Loads `count` numbers, at most LANES, and fills the other lanes.
INLINE Lanes load_some(const float *source, size_t count, float filler)
{
    if (count >= LANES) return load(source);
    float values[LANES];
    for (size_t lane = 0; lane < LANES; lane++) values[lane] = lane < count ? source[lane] : filler;
    return load(values);
}

INLINE void store_some(float *target, Lanes lanes, size_t count)
{
    if (count >= LANES) {
        store(target, lanes);
    } else {
        float values[LANES];
        store(values, lanes);
        for (size_t lane = 0; lane < count; lane++) target[lane] = values[lane];
    }
}

/// a·b + c, rounded once where the processor can.
INLINE Lanes fused(Lanes a, Lanes b, Lanes c)
{
#if HAS_FUSED
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

INLINE Lanes choose(Bits condition, Lanes yes, Lanes no)
{
    return (Lanes)(((Bits)yes & condition) | ((Bits)no & ~condition));
}

INLINE float sum_of(Lanes lanes)
{
    Half eight = lanes.lo + lanes.hi;
    Quarter four = eight.lo + eight.hi;
    return (four.x + four.z) + (four.y + four.w);
}

INLINE float largest_of(Lanes lanes)
{
    float values[LANES];
    store(values, lanes);
    float largest = values[0];
    for (size_t lane = 1; lane < LANES; lane++) largest = values[lane] > largest ? values[lane] : largest;
    return largest;
}

/// eˣ to about one unit in the last place; x is limited to −87…88.
///
/// x = n·ln 2 + r with |r| ≤ ½ ln 2; eʳ by a polynomial fitted to that interval (relative error 6e-11 before
/// rounding), and 2ⁿ through the exponent's bits. ln 2 is split in two parts, the first short enough for n times it to
/// be exact (Cody and Waite, "Software Manual for the Elementary Functions", 1980).
INLINE Lanes exponential(Lanes x)
{
    const float shift = 0x1.8p23f;  // Adding it rounds to an integer, which is then in the lowest bits.
    x = choose(x < -87.0f, (Lanes)(-87.0f), x);
    x = choose(x > 88.0f, (Lanes)(88.0f), x);
    Lanes shifted = fused(x, (Lanes)(1.442695f), (Lanes)(shift));
    Lanes n = shifted - shift;
    Lanes r = fused(n, (Lanes)(-0x1.62e4p-1f), x);
    r = fused(n, (Lanes)(-0x1.7f7d1cp-20f), r);
    Lanes p = fused(r, (Lanes)(0.00019826494f), (Lanes)(0.0013946029f));
    p = fused(p, r, (Lanes)(0.00833343f));
    p = fused(p, r, (Lanes)(0.04166627f));
    p = fused(p, r, (Lanes)(0.16666666f));
    p = fused(p, r, (Lanes)(0.5f));
    p = fused(p, r, (Lanes)(1.0f));
    p = fused(p, r, (Lanes)(1.0f));
    return (Lanes)((Bits)p + ((Bits)shifted << 23));
}

/// x·Φ(x), to about two units in the last place of the larger of x and 1.
///
/// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016. Φ(−|x|) = exp(−x²/2)·t·P(t), t = 1/(1 + 0.3|x|):
/// the form of Abramowitz and Stegun 7.1.26, with a polynomial P of degree 9 fitted to |x| ≤ 14 (relative error 4e-9
/// before rounding). The tail is computed directly, not as one minus it, so nothing cancels on either side.
INLINE Lanes gelu_of(Lanes x)
{
    Bits negative = x < 0.0f;
    Lanes magnitude = choose(negative, -x, x);
    Lanes t = 1.0f / fused(magnitude, (Lanes)(0.3f), (Lanes)(1.0f));
    Lanes p = fused(t, (Lanes)(-0.020613030f), (Lanes)(0.112376854f));
    p = fused(p, t, (Lanes)(-0.228070006f));
    p = fused(p, t, (Lanes)(0.191584975f));
    p = fused(p, t, (Lanes)(-0.079250008f));
    p = fused(p, t, (Lanes)(0.096059218f));
    p = fused(p, t, (Lanes)(0.078425117f));
    p = fused(p, t, (Lanes)(0.110227421f));
    p = fused(p, t, (Lanes)(0.119572833f));
    p = fused(p, t, (Lanes)(0.119686633f));
    Lanes tail = x * (exponential(magnitude * magnitude * -0.5f) * (t * p));
    return choose(negative, tail, x - tail);
}
