import CHalfKernels
import LinearAlgebra
import Testing

/// Memory that lives as long as the test.
private final class Patterns: MemoryOwner {
    private let memory: [UInt8]

    /// The numbers in half precision, little-endian, after `offset` bytes.
    init(_ numbers: [Float], offset: Int = 0) {
        memory =
            [UInt8](repeating: 0, count: offset)
            + numbers.flatMap { number -> [UInt8] in
                let pattern = HalfPrecision.binary16(number)
                return [UInt8(pattern & 0xFF), UInt8(pattern >> 8)]
            }
    }

    func vector(offset: Int = 0) -> HalfVector {
        memory.withUnsafeBytes { HalfVector(borrowing: .init(rebasing: $0[offset...]), owner: self) }
    }
}

@Suite("Half-precision kernels")
struct HalfKernelsTests {
    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var random = CounterRandom(seed: seed)
        return random.gaussians(count)
    }

    /// The product of some rows, added to 1, 2, 3 and so on.
    private func product(_ vector: HalfVector, rows: Range<Int>, by factors: [Float]) -> [Float] {
        var target = rows.map { Float($0 + 1) }
        vector.multiplyAdd(rows: rows, by: factors, to: &target)
        return target
    }

    @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 31, 64, 67, 128])
    func `a product has the bits of the portable kernel, and nearly those of the definition`(columns: Int) {
        for rows in 1...9 {
            let matrix = numbers(rows * columns, seed: UInt64(rows * 1000 + columns))
            let factors = numbers(columns, seed: 7)
            let patterns = Patterns(matrix)
            let made = product(patterns.vector(), rows: 0..<rows, by: factors)
            let stored = matrix.map(HalfPrecision.binary16)
            var portable = (0..<rows).map { Float($0 + 1) }
            sglorad_half_portable_multiply_add(stored, rows, columns, factors, &portable)
            #expect(made.map(\.bitPattern) == portable.map(\.bitPattern))
            for row in 0..<rows {
                var exact = Double(row + 1)
                for column in 0..<columns {
                    exact +=
                        Double(HalfPrecision.float(binary16: stored[row * columns + column]))
                        * Double(factors[column])
                }
                #expect(abs(Double(made[row]) - exact) < 1e-4)
            }
        }
    }

    @Test func `the division of the rows into calls changes no bit`() {
        let (rows, columns) = (101, 64)
        let patterns = Patterns(numbers(rows * columns, seed: 3))
        let factors = numbers(columns, seed: 4)
        let whole = product(patterns.vector(), rows: 0..<rows, by: factors)
        for part in [1, 2, 3, 5, 17, 100] {
            var made: [Float] = []
            for start in stride(from: 0, to: rows, by: part) {
                made += product(patterns.vector(), rows: start..<min(start + part, rows), by: factors)
            }
            #expect(made.map(\.bitPattern) == whole.map(\.bitPattern))
        }
    }

    @Test func `numbers may lie at odd addresses`() {
        let matrix = numbers(3 * 37, seed: 5)
        let factors = numbers(37, seed: 6)
        let even = product(Patterns(matrix).vector(), rows: 0..<3, by: factors)
        let odd = product(Patterns(matrix, offset: 1).vector(offset: 1), rows: 0..<3, by: factors)
        #expect(even == odd)
    }

    @Test func `many numbers convert as single ones do, in both directions`() {
        let all = (UInt16.min ... .max).filter { HalfPrecision.float(binary16: $0).isFinite }
        let values = all.map { HalfPrecision.float(binary16: $0) }
        var converted = [Float](repeating: .nan, count: all.count)
        HalfPrecision.float(binary16: all, count: all.count, to: &converted)
        #expect(converted.map(\.bitPattern) == values.map(\.bitPattern))
        // Between two neighbours, and exactly half-way.
        var between: [Float] = []
        for (low, high) in zip(values, values.dropFirst()) {
            between.append(low)
            between.append((low + high) / 2)
            between.append(low + (high - low) / 4)
        }
        let back = between.withUnsafeBufferPointer { HalfPrecision.binary16($0) }
        #expect(back == between.map { HalfPrecision.binary16($0) })
    }
}
