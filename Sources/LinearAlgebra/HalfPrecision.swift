/// Conversions between single precision and the two formats of 16 bits, on bit patterns: the standard library's `Float16`
/// is a call for each number on x86-64.
public enum HalfPrecision {
    /// The number of a bit pattern of IEEE 754 binary16; exact, subnormal numbers included.
    @inlinable
    public static func float(binary16 pattern: UInt16) -> Float {
        let magnitude = UInt32(pattern & 0x7FFF) << 13
        let exponent = magnitude & 0x0F80_0000
        // The bias goes from 15 to 127; Inf and NaN keep an exponent of all ones.
        let rebiased = magnitude + (exponent == 0x0F80_0000 ? 0x7000_0000 : 0x3800_0000)
        // A subnormal number is its fraction times 2^-24: read as 2^-14·(1 + f), less the 2^-14.
        let subnormal = Float(bitPattern: magnitude + 0x3880_0000) - 0x1p-14
        let result = exponent == 0 ? subnormal.bitPattern : rebiased
        return Float(bitPattern: result | UInt32(pattern & 0x8000) << 16)
    }

    /// The number of a bit pattern of bfloat16, the upper half of single precision; exact.
    @inlinable
    public static func float(bfloat16 pattern: UInt16) -> Float {
        Float(bitPattern: UInt32(pattern) << 16)
    }

    /// The nearest binary16, ties to even; beyond 65,504 (from 65,520 on) infinite; NaN stays NaN.
    @inlinable
    public static func binary16(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        let result: UInt32
        if magnitude > 0x7F80_0000 {
            result = 0x7E00
        } else if magnitude >= 0x4780_0000 {
            // 65,536 and above.
            result = 0x7C00
        } else if magnitude < 0x3880_0000 {
            // Below 2^-14. Added to 0.5, whose last place is 2^-24, it is rounded to a multiple of that.
            result = (Float(bitPattern: magnitude) + 0.5).bitPattern - 0x3F00_0000
        } else {
            // The last kept bit decides ties; a carry moves on into the exponent, and to infinity, as it should.
            result = (magnitude - 0x3800_0000 + 0xFFF + (magnitude >> 13 & 1)) >> 13
        }
        return UInt16(truncatingIfNeeded: result) | sign
    }
}
