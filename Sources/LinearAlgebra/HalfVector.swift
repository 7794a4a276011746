/// Half-precision numbers (IEEE 754 binary16, little-endian) in memory that never changes, such as a mapped file's.
public struct HalfVector: @unchecked Sendable {
    // Sendable: `base` points into memory that `owner` keeps alive and that nobody writes to.
    private let owner: any MemoryOwner
    private let base: UnsafeRawPointer?
    /// How many numbers there are.
    public let count: Int

    /// A vector over memory that `owner` keeps alive and that nobody changes.
    ///
    /// - Parameters:
    ///   - memory: two bytes a number; they need not be aligned.
    ///   - owner: what unmaps or frees the memory when it goes.
    public init(borrowing memory: UnsafeRawBufferPointer, owner: any MemoryOwner) {
        self.owner = owner
        base = memory.baseAddress
        count = memory.count / 2
    }

    /// Writes some of the numbers to single precision, which is exact.
    ///
    /// - Parameters:
    ///   - range: which numbers.
    ///   - target: room for as many.
    public func convert(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of a vector of \(count)")
        guard let base else { return }
        withExtendedLifetime(owner) {
            let source = base + 2 * range.lowerBound
            for index in 0..<range.count {
                let pattern = (source + 2 &* index).loadUnaligned(as: UInt16.self)
                target[index] = HalfPrecision.float(binary16: UInt16(littleEndian: pattern))
            }
        }
    }

    /// Lets go of the memory of some of the numbers until they are read again.
    public func release(_ range: Range<Int>) {
        guard let base else { return }
        owner.release(UnsafeRawBufferPointer(start: base + 2 * range.lowerBound, count: 2 * range.count))
    }
}
