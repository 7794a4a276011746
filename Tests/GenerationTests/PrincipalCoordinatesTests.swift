import ErrorModel
import Generation
import LinearAlgebra
import Testing

@Suite("PrincipalCoordinates")
struct PrincipalCoordinatesTests {
    /// Samples that lie in `span` random directions around a random origin.
    private func samples(_ count: Int, span: Int, dimension: Int, seed: UInt64) -> [[Float]] {
        var random = CounterRandom(seed: seed)
        let origin = random.gaussians(dimension)
        let directions = (0..<span).map { _ in random.gaussians(dimension) }
        return (0..<count).map { _ in
            var sample = origin
            for (weight, direction) in zip(random.gaussians(span), directions) {
                for place in sample.indices { sample[place] += weight * direction[place] }
            }
            return sample
        }
    }

    private func fit(_ samples: [[Float]], limit: Int) throws -> PrincipalCoordinates {
        try PrincipalCoordinates(fitting: samples.map { FloatVector($0) }, limit: limit)
    }

    @Test(arguments: [(UInt64(1), 50), (2, 300), (3, 2048), (4, 2049), (5, 5000)])
    func `directions are orthonormal, the origin is the mean`(seed: UInt64, dimension: Int) throws {
        let given = samples(9, span: 8, dimension: dimension, seed: seed)
        let fitted = try fit(given, limit: 64)
        #expect(fitted.count == 8)
        try #require(fitted.directions.count == dimension * 8)
        let u = fitted.directions.array
        for first in 0..<8 {
            for second in first..<8 {
                let product = (0..<dimension).reduce(0.0) {
                    $0 + Double(u[$1 * 8 + first]) * Double(u[$1 * 8 + second])
                }
                #expect(abs(product - (first == second ? 1 : 0)) < 5e-4)
            }
        }
        let mean = (0..<dimension).map { place in
            Float(given.reduce(0.0) { $0 + Double($1[place]) } / 9)
        }
        #expect(farthest(fitted.origin.array, mean) < 1e-6)
    }

    @Test(arguments: 1...5) func `a point of the span comes back from its coordinates`(seed: UInt64) throws {
        let given = samples(12, span: 5, dimension: 2500, seed: seed)
        let fitted = try fit(given, limit: 64)
        // Twelve samples that span five directions have five, whatever is asked for.
        #expect(fitted.count == 5)
        #expect(abs(fitted.explained - 1) < 1e-6)
        // A point that is no sample, but a mixture of some.
        let mixture = given[0].indices.map { 2 * given[0][$0] - 0.5 * given[1][$0] - 0.5 * given[2][$0] }
        for sample in given + [mixture] {
            var again = fitted.origin.array
            fitted.add(fitted.coordinates(of: FloatVector(sample)), to: &again)
            #expect(farthest(again, sample) < 1e-3)
        }
        #expect(fitted.coordinates(of: fitted.origin).allSatisfy { $0 == 0 })
    }

    @Test(arguments: 1...5) func `fewer directions keep the share of the variance that they say`(
        seed: UInt64
    ) throws {
        let given = samples(10, span: 9, dimension: 200, seed: seed)
        var before = 0.0
        for limit in 1...9 {
            let fitted = try fit(given, limit: limit)
            #expect(fitted.count == limit)
            #expect(fitted.explained > before && fitted.explained < 1 + 1e-9)
            before = fitted.explained
            var (kept, all) = (0.0, 0.0)
            let origin = fitted.origin.array
            for sample in given {
                kept += fitted.coordinates(of: FloatVector(sample)).reduce(0) {
                    $0 + Double($1) * Double($1)
                }
                all += zip(sample, origin).reduce(0) { sum, pair in
                    sum + Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
                }
            }
            #expect(abs(kept / all - fitted.explained) < 5e-4)
        }
        #expect(before > 0.9999)
    }

    @Test func `directions come in the order of what they keep`() throws {
        let given = samples(10, span: 9, dimension: 200, seed: 11)
        let fitted = try fit(given, limit: 9)
        let coordinates = given.map { fitted.coordinates(of: FloatVector($0)) }
        let power = (0..<9).map { direction in
            coordinates.reduce(0) { $0 + $1[direction] * $1[direction] }
        }
        #expect(zip(power, power.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func `samples that are all alike are refused`() {
        let sample = samples(1, span: 1, dimension: 300, seed: 1)[0]
        for given in [[sample], [sample, sample, sample]] {
            let error = refusal(.trainingFailed) { try fit(given, limit: 4) }
            #expect(error?.message.contains("alike") == true)
        }
    }
}
