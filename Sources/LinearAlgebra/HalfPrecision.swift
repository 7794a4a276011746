internal import CHalfKernels

/// Conversions between single precision and the two 16-bit formats, on bit patterns: on x86-64 the standard
/// library's `Float16` makes a call for every number.
public enum HalfPrecision {
    /// The value of an IEEE 754 binary16 bit pattern; exact, including subnormal numbers.
    @inlinable
    public static func float(binary16 pattern: UInt16) -> Float {
        let magnitude = UInt32(pattern & 0x7FFF) << 13
        let exponent = magnitude & 0x0F80_0000
        // The exponent's bias goes from 15 to 127; infinity and NaN keep an exponent of all ones.
        let rebiased = magnitude + (exponent == 0x0F80_0000 ? 0x7000_0000 : 0x3800_0000)
        // A subnormal number is its fraction times 2^-24: read as 2^-14·(1 + f), minus 2^-14.
        let subnormal = Float(bitPattern: magnitude + 0x3880_0000) - 0x1p-14
        let result = exponent == 0 ? subnormal.bitPattern : rebiased
        return Float(bitPattern: result | UInt32(pattern & 0x8000) << 16)
    }

    /// The value of a bfloat16 bit pattern, the upper half of single precision; exact.
    @inlinable
    public static func float(bfloat16 pattern: UInt16) -> Float {
        Float(bitPattern: UInt32(pattern) << 16)
    }

    /// The nearest binary16, ties to even; from 65,520 on infinite; NaN stays NaN.
    @inlinable
    public static func binary16(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        let result: UInt32
        if magnitude > 0x7F80_0000 {
            result = 0x7E00
        } else if magnitude >= 0x4780_0000 {
            // 65,536 and above: infinite.
            result = 0x7C00
        } else if magnitude < 0x3880_0000 {
            // Below 2^-14: adding 0.5, whose last place is 2^-24, rounds to a multiple of that.
            result = (Float(bitPattern: magnitude) + 0.5).bitPattern - 0x3F00_0000
        } else {
            // The last bit that is kept decides ties; a carry goes into the exponent and, correctly, on to
            // infinity.
            result = (magnitude - 0x3800_0000 + 0xFFF + (magnitude >> 13 & 1)) >> 13
        }
        return UInt16(truncatingIfNeeded: result) | sign
    }

    /// Converts binary16 numbers in native byte order at any address; exact.
    public static func float(
        binary16 source: UnsafeRawPointer, count: Int, to target: UnsafeMutablePointer<Float>
    ) {
        sglorad_half_to_float(source, target, count)
    }

    /// The nearest binary16 of each number, ties to even.
    public static func binary16(_ values: UnsafeBufferPointer<Float>) -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: values.count) { target, count in
            if let source = values.baseAddress, let target = target.baseAddress {
                sglorad_half_from_float(source, target, values.count)
            }
            count = values.count
        }
    }

    /// The kernels in use: `avx2`, `neon` or `portable`; all give the same bits.
    public static var kernels: String { String(cString: sglorad_half_kernels()) }
}

/// Half-precision numbers (IEEE 754 binary16, little-endian as every supported processor) in memory that does not change, such as a mapped
/// file's.
public struct HalfVector: @unchecked Sendable {
    // Sendable: `base` points into memory that `owner` keeps alive and nobody writes to.
    private let owner: any MemoryOwner
    private let base: UnsafeRawPointer?
    public let count: Int

    /// Creates a vector over memory that `owner` keeps alive and nobody changes.
    ///
    /// - Parameters:
    ///   - memory: two bytes for each number, without alignment.
    ///   - owner: unmaps or frees the memory when it is released.
    public init(borrowing memory: UnsafeRawBufferPointer, owner: any MemoryOwner) {
        self.owner = owner
        base = memory.baseAddress
        count = memory.count / 2
    }

    /// Converts a range of the numbers to single precision, which is exact; `target` has room for
    /// `range.count` numbers.
    public func convert(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count,
            "the range \(range) of a vector of \(count) numbers")
        guard let base else { return }
        withExtendedLifetime(owner) {
            HalfPrecision.float(binary16: base + 2 * range.lowerBound, count: range.count, to: target)
        }
    }

    /// Adds the product of some rows of the matrix `[rows, columns]` that the vector holds and `factors` to `target`:
    /// `target[i] += Σ_j matrix[i, j] · factors[j]`.
    ///
    /// Each sum has a fixed order (see `sglorad_half_multiply_add`), so the result does not depend on how rows are
    /// divided among calls.
    ///
    /// - Parameters:
    ///   - rows: the rows to multiply.
    ///   - factors: as many numbers as the matrix has columns.
    ///   - target: has room for `rows.count` numbers.
    public func multiplyAdd(
        rows: Range<Int>, by factors: [Float], to target: UnsafeMutablePointer<Float>
    ) {
        let columns = factors.count
        precondition(
            rows.lowerBound >= 0 && rows.upperBound * columns <= count,
            "the rows \(rows) of \(columns) numbers in a vector of \(count)")
        guard let base else { return }
        withExtendedLifetime(owner) {
            sglorad_half_multiply_add(
                base + 2 * rows.lowerBound * columns, rows.count, columns, factors, target)
        }
    }

    /// Releases the pages of a range of the numbers until they are read again.
    public func release(_ range: Range<Int>) {
        guard let base else { return }
        owner.release(UnsafeRawBufferPointer(start: base + 2 * range.lowerBound, count: 2 * range.count))
    }
}
