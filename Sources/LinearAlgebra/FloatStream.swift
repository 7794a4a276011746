/// Numbers that are handed out in order, a stretch at a time, so that there may be more of them than memory holds.
public enum FloatStream: Sendable {
    /// Numbers that are there in single precision.
    case single(FloatVector)
    /// Numbers that are there in half precision.
    case half(HalfVector)
    /// Numbers that are made as they are asked for, in rows of so many, up to so many rows at once; `fill` writes the rows of
    /// a range, one after the other.
    case made(
        rows: Int, of: Int, atOnce: Int, fill: @Sendable (Range<Int>, UnsafeMutablePointer<Float>) -> Void)

    /// How many numbers a stretch has at the most, where its rows are not longer and its numbers are there.
    public static let stretch = 1 << 16

    /// How many numbers there are.
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

    /// Hands out all numbers in stretches that hold whole rows.
    ///
    /// Memory of a file is let go of behind the stretch where there is more of it than ``FloatVector/residentLimit``.
    ///
    /// - Parameters:
    ///   - length: the numbers in a row; numbers that are made come in their own rows, which must be a multiple of it.
    ///   - body: told the place of a stretch's first number, and its numbers, which are valid only within the call.
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
            precondition(own % length == 0, "rows of \(own) handed out as rows of \(length)")
            try Self.withScratch(min(step, rows) * own) { scratch throws(E) in
                for start in stride(from: 0, to: rows, by: step) {
                    let range = start..<min(start + step, rows)
                    fill(range, scratch)
                    try body(start * own, UnsafeBufferPointer(start: scratch, count: range.count * own))
                }
            }
        }
    }

    /// The most numbers up to ``stretch`` that make whole rows; one row at the least.
    private static func step(_ length: Int) -> Int { max(1, stretch / max(1, length)) * max(1, length) }

    private static func withScratch<E: Error>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) throws(E) -> Void
    ) throws(E) {
        let scratch = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count))
        defer { scratch.deallocate() }
        try body(scratch)
    }
}
