import CHalfKernels
import LinearAlgebra
import Testing

@Suite("Weighted sums of vectors")
struct WeightedSumTests {
    private func vectors(_ number: Int, of count: Int) -> [FloatVector] {
        (0..<number).map { index in
            var random = CounterRandom(seed: UInt64(index + 1))
            return FloatVector(random.gaussians(count))
        }
    }

    private func weights(_ number: Int) -> [Float] {
        var random = CounterRandom(seed: 99)
        return random.gaussians(number)
    }

    private func written(_ sum: WeightedSum, _ range: Range<Int>) -> [Float] {
        [Float](unsafeUninitializedCapacity: range.count) { target, filled in
            guard let start = target.baseAddress else { return }
            sum.write(range, to: start)
            filled = range.count
        }
    }

    @Test(arguments: [1, 31, 32, 33, 64, 100, 4096])
    func `a sum has the bits of the portable kernel, and those of fused multiply-adds in order`(count: Int) {
        for number in [1, 2, 3, 16, 17] {
            let (vectors, weights) = (vectors(number, of: count), weights(number))
            let made = written(WeightedSum(Array(zip(weights, vectors))), 0..<count)
            var portable = [Float](repeating: .nan, count: count)
            var sources: [UnsafePointer<Float>?] = []
            let copies = vectors.map { vector in
                let copy = UnsafeMutablePointer<Float>.allocate(capacity: count)
                vector.withUnsafeBufferPointer { for index in 0..<count { copy[index] = $0[index] } }
                return copy
            }
            defer { for copy in copies { copy.deallocate() } }
            sources = copies.map { UnsafePointer($0) }
            sglorad_portable_weighted_sum(sources, weights, number, 0, count, &portable)
            let values = vectors.map(\.array)
            let expected = (0..<count).map { index in
                (0..<number).reduce(Float(0)) { $0.addingProduct(values[$1][index], weights[$1]) }
            }
            #expect(made.map(\.bitPattern) == portable.map(\.bitPattern))
            #expect(made.map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    @Test func `the division into ranges changes no bit`() {
        let count = 333
        let sum = WeightedSum(Array(zip(weights(5), vectors(5, of: count))))
        let whole = written(sum, 0..<count)
        for part in [1, 7, 32, 50, 332] {
            let made = stride(from: 0, to: count, by: part).flatMap { start in
                written(sum, start..<min(start + part, count))
            }
            #expect(made.map(\.bitPattern) == whole.map(\.bitPattern))
        }
    }

    @Test func `a sum of no vectors is zero`() {
        #expect(written(WeightedSum([]), 0..<40) == [Float](repeating: 0, count: 40))
    }
}
