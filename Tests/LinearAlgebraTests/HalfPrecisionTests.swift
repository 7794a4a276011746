import LinearAlgebra
import Testing

@Suite("HalfPrecision")
struct HalfPrecisionTests {
    /// The value of a binary16 pattern by the format's definition.
    private func definition(_ pattern: UInt16) -> Double {
        let sign: Double = pattern >> 15 == 0 ? 1 : -1
        let exponent = Int(pattern >> 10 & 31)
        let fraction = Double(pattern & 1023)
        if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
        if exponent == 0 { return sign * fraction * 0x1p-24 }
        return sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }

    @Test func `every binary16 converts exactly in both directions`() {
        var wrong: [UInt16] = []
        for pattern in UInt16.min ... .max {
            let value = HalfPrecision.float(binary16: pattern)
            let expected = definition(pattern)
            let isRight =
                expected.isNaN
                ? value.isNaN && HalfPrecision.binary16(value) & 0x7C00 == 0x7C00
                    && HalfPrecision.binary16(value) & 0x3FF != 0
                : Double(value) == expected && (value.sign == .minus) == (pattern >> 15 == 1)
                    && HalfPrecision.binary16(value) == pattern
            if !isRight { wrong.append(pattern) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func `rounding is to nearest, ties to even`() {
        var wrong: [UInt16] = []
        for pattern in UInt16(0)..<0x7BFF {
            let low = HalfPrecision.float(binary16: pattern)
            let high = HalfPrecision.float(binary16: pattern + 1)
            // Halves have 11 significant bits, so their midpoint is exact in single precision.
            let middle = (low + high) / 2
            let even = pattern % 2 == 0 ? pattern : pattern + 1
            let isRight =
                HalfPrecision.binary16(middle) == even && HalfPrecision.binary16(middle.nextDown) == pattern
                && HalfPrecision.binary16(middle.nextUp) == pattern + 1
                && HalfPrecision.binary16(-middle) == even | 0x8000
            if !isRight { wrong.append(pattern) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func `overflow, underflow and signed zero`() {
        #expect(HalfPrecision.binary16(65_504) == 0x7BFF)
        #expect(HalfPrecision.binary16(Float(65_520).nextDown) == 0x7BFF)
        #expect(HalfPrecision.binary16(65_520) == 0x7C00)
        #expect(HalfPrecision.binary16(1e30) == 0x7C00)
        #expect(HalfPrecision.binary16(-.infinity) == 0xFC00)
        #expect(HalfPrecision.binary16(-0.0) == 0x8000)
        #expect(HalfPrecision.binary16(0x1p-25) == 0)
        #expect(HalfPrecision.binary16(Float(0x1p-25).nextUp) == 1)
        #expect(HalfPrecision.binary16(.leastNonzeroMagnitude) == 0)
    }

    @Test func `bfloat16 is the upper half of single precision`() {
        #expect(HalfPrecision.float(bfloat16: 0x3F80) == 1)
        #expect(HalfPrecision.float(bfloat16: 0xC049) == -3.140625)
        #expect(HalfPrecision.float(bfloat16: 1) == 0x1p-133)
        #expect(HalfPrecision.float(bfloat16: 0x7F80) == .infinity)
    }
}
