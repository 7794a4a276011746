import Testing

@testable import LinearAlgebra

@Suite("CounterRandom")
struct CounterRandomTests {
    /// Source: Random123's `kat_vectors`, philox4x32, ten rounds.
    @Test func `philox matches the published test vectors`() {
        #expect(
            CounterRandom.philox(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            CounterRandom.philox(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            CounterRandom.philox(
                counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
                key: SIMD2(0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func `words are the blocks of the stream, in order`() {
        var random = CounterRandom(seed: 0x0123_4567_89AB_CDEF, stream: 0x1111_2222_3333_4444)
        let words = (0..<8).map { _ in random.next32() }
        for block in 0..<2 {
            let expected = CounterRandom.philox(
                counter: SIMD4(UInt32(block), 0, 0x3333_4444, 0x1111_2222),
                key: SIMD2(0x89AB_CDEF, 0x0123_4567))
            #expect(words[block * 4..<block * 4 + 4].elementsEqual((0..<4).map { expected[$0] }))
        }
    }

    @Test func `equal seeds and streams give equal numbers, others do not`() {
        func draw(_ seed: UInt64, _ stream: UInt64) -> [Float] {
            var random = CounterRandom(seed: seed, stream: stream)
            return random.gaussians(100)
        }
        #expect(draw(1, 2) == draw(1, 2))
        #expect(draw(1, 2) != draw(1, 3))
        #expect(draw(1, 2) != draw(2, 2))
        #expect(draw(1, 2) != draw(2, 1))
    }

    @Test func `gaussians have the moments of the standard normal distribution`() {
        var random = CounterRandom(seed: 42)
        let count = 200_000
        let values = random.gaussians(count).map(Double.init)
        let n = Double(count)
        func moment(_ power: Int) -> Double {
            values.reduce(0) { sum, value in sum + (0..<power).reduce(1.0) { product, _ in product * value } }
                / n
        }
        // Five standard errors each: √(1/n), √(2/n), √(15/n), √(96/n).
        #expect(abs(moment(1)) < 5 * (1 / n).squareRoot())
        #expect(abs(moment(2) - 1) < 5 * (2 / n).squareRoot())
        #expect(abs(moment(3)) < 5 * (15 / n).squareRoot())
        #expect(abs(moment(4) - 3) < 5 * (96 / n).squareRoot())
        #expect(values.allSatisfy { $0.isFinite })
    }

    @Test(arguments: [0, 1, 2, 7]) func `gaussians returns the requested count`(count: Int) {
        var random = CounterRandom(seed: 7)
        #expect(random.gaussians(count).count == count)
    }

    @Test func `uniform numbers are in range and evenly distributed`() {
        var random = CounterRandom(seed: 3)
        let values = (0..<50_000).map { _ in random.uniform() }
        #expect(values.allSatisfy { (0..<1).contains($0) })
        let mean = values.reduce(0) { $0 + Double($1) } / 50_000
        #expect(abs(mean - 0.5) < 5 * (1.0 / 12 / 50_000).squareRoot())
    }

    @Test func `bounded integers are evenly distributed`() {
        var random = CounterRandom(seed: 4)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[random.below(7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
        #expect(random.below(1) == 0)
        #expect((0..<100).allSatisfy { _ in random.below(Int(UInt32.max)) < Int(UInt32.max) })
    }

    @Test func `a permutation contains each index once and depends on the seed`() {
        var first = CounterRandom(seed: 5)
        var second = CounterRandom(seed: 6)
        let order = first.permutation(100)
        #expect(order.sorted() == Array(0..<100))
        #expect(order != second.permutation(100))
        #expect(first.permutation(0).isEmpty)
    }
}
