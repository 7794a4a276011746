/// A sequence of numbers that is read in chunks, so that it may be larger than memory.
public enum FloatStream: Sendable {
    /// Stored in single precision.
    case single(FloatVector)
    /// Stored in half precision.
    case half(HalfVector)
    /// Computed on demand, in rows of `of` numbers, at most `atOnce` rows at a time; `fill` writes the rows
    /// of a range, one after the other.
    case made(
        rows: Int, of: Int, atOnce: Int, fill: @Sendable (Range<Int>, UnsafeMutablePointer<Float>) -> Void)

    /// The most numbers in a chunk of stored numbers, unless one row is longer.
    public static let stretch = 1 << 16

    public var count: Int {
        switch self {
        case .single(let vector): vector.count
        case .half(let vector): vector.count
        case .made(let rows, let length, _, _): rows * length
        }
    }

    /// A copy of all numbers on the heap.
    public var array: [Float] {
        var result: [Float] = []
        result.reserveCapacity(count)
        forEachStretch { _, numbers in result.append(contentsOf: numbers) }
        return result
    }

    /// Calls `body` with all numbers, in order, in chunks of whole rows.
    ///
    /// Pages of a file larger than ``FloatVector/residentLimit`` are released behind each chunk.
    ///
    /// - Parameters:
    ///   - length: the length of a row; the rows of computed numbers must be a multiple of it.
    ///   - body: is given the index of a chunk's first number and the numbers, which are valid only during
    ///     the call.
    public func forEachStretch<E: Error>(
        ofRows length: Int = 1, _ body: (Int, UnsafeBufferPointer<Float>) throws(E) -> Void
    ) throws(E) {
        switch self {
        case .single(let vector):
            let step = Self.step(length)
            for start in stride(from: 0, to: vector.count, by: step) {
                let part = vector[start..<min(start + step, vector.count)]
                try part.withUnsafeBufferPointer { numbers throws(E) in try body(start, numbers) }
                if vector.isLarge { part.release() }
            }
        case .half(let vector):
            let step = Self.step(length)
            try Self.withScratch(min(step, vector.count)) { scratch throws(E) in
                for start in stride(from: 0, to: vector.count, by: step) {
                    let range = start..<min(start + step, vector.count)
                    vector.convert(range, to: scratch)
                    try body(start, UnsafeBufferPointer(start: scratch, count: range.count))
                    if 2 * vector.count > FloatVector.residentLimit { vector.release(range) }
                }
            }
        case .made(let rows, let own, let step, let fill):
            precondition(own % length == 0, "rows of \(own) numbers read as rows of \(length)")
            try Self.withScratch(min(step, rows) * own) { scratch throws(E) in
                for start in stride(from: 0, to: rows, by: step) {
                    let range = start..<min(start + step, rows)
                    fill(range, scratch)
                    try body(start * own, UnsafeBufferPointer(start: scratch, count: range.count * own))
                }
            }
        }
    }

    /// The largest multiple of a row's length up to ``stretch``, at least one row.
    private static func step(_ length: Int) -> Int { max(1, stretch / max(1, length)) * max(1, length) }

    private static func withScratch<E: Error>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) throws(E) -> Void
    ) throws(E) {
        let scratch = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count))
        defer { scratch.deallocate() }
        try body(scratch)
    }
}
