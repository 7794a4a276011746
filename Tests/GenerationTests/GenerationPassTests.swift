import LinearAlgebra
import SemanticGuidance
import Testing

@testable import Generation

/// Directions in memory, in half precision.
private final class Directions: MemoryOwner {
    private let patterns: [UInt16]

    init(_ count: Int) {
        patterns = (0..<count).map { HalfPrecision.binary16(Float($0 &* 7919 & 255) / 256 - 0.5) }
    }

    var vector: HalfVector {
        patterns.withUnsafeBytes { HalfVector(borrowing: $0, owner: self) }
    }
}

@Suite("GenerationPass")
struct GenerationPassTests {
    /// The mean of an expert, made of its number.
    private func mean(_ salt: Int, _ count: Int) -> FloatVector {
        FloatVector(count: count) { numbers in
            for index in numbers.indices { numbers[index] = Float((index &* 31 &+ salt) & 127) / 128 }
        }
    }

    /// A pass over two experts.
    private func pass(_ count: Int, relevance: Float = 1, _ directions: FloatStream) -> GenerationPass {
        GenerationPass(
            prior: WeightedSum([(0.75, mean(1, count)), (0.25, mean(2, count))]), origin: mean(3, count),
            steering: nil,
            relevance: relevance, directions: directions, correction: [0.5, -0.25, 1])
    }

    @Test(arguments: [1, 31, 4096, 4097, 70_000], [1, 0.5] as [Float])
    func `a parameter is the merge, drawn to the mean, with its correction`(count: Int, relevance: Float) {
        let owner = Directions(3 * count)
        let made = pass(count, relevance: relevance, .half(owner.vector)).run()
        // Single precision takes the other way through the directions.
        let single = FloatStream.single(FloatVector(FloatStream.half(owner.vector).array))
        let expected = pass(count, relevance: relevance, single).run()
        #expect(made.count == count && expected.count == count)
        #expect(zip(made, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        let plain = pass(count, single)
        let merged = mean(1, count).array[0] * 0.75 + mean(2, count).array[0] * 0.25
        let origin = plain.origin.array[0]
        let correction = 0.5 * single.array[0] - 0.25 * single.array[1] + single.array[2]
        #expect(abs(made[0] - (origin + relevance * (merged - origin) + correction)) < 1e-6)
    }

    @Test func `the number of threads changes no bit`() {
        let count = 200_001
        let owner = Directions(3 * count)
        let one = pass(count, relevance: 0.5, .half(owner.vector)).run(inParallel: false)
        let many = pass(count, relevance: 0.5, .half(owner.vector)).run(inParallel: true)
        #expect(one.map(\.bitPattern) == many.map(\.bitPattern))
    }
}
