import ErrorModel
import LinearAlgebra
import LowRank
import SemanticGuidance
import TestSupport
import Testing

@testable import Generation

/// A library of experts with one given checkpoint each.
private func library(_ samples: [[Float]]) throws -> Library {
    let layout = try AdapterLayout(
        sites: [Site(path: "a", inFeatures: samples[0].count - 1, outFeatures: 1)], rank: 1, scale: 1)
    return Library(
        layout: layout,
        experts: samples.enumerated().map {
            libraryExpert("expert-\(10 + $0)", samples: [$1], embedding: unit([1, Float($0), 1]))
        })
}

/// Samples that span `span` random directions around a random origin.
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

/// A basis fitted to all samples, and its coordinates.
private func fit(
    _ given: [[Float]], limit: Int
) throws -> (span: CheckpointSpan, basis: SpanBasis, coordinates: PrincipalCoordinates) {
    let span = try CheckpointSpan(library(given))
    let basis = try SpanBasis(fitting: Array(given.indices), of: span, limit: limit)
    return (span, basis, PrincipalCoordinates(basis, of: span))
}

@Suite("CheckpointSpan")
struct CheckpointSpanTests {
    @Test(arguments: [(UInt64(1), 50), (2, 2048), (3, 16_384), (4, 40_001)])
    func `distances equal those of the vectors`(seed: UInt64, dimension: Int) throws {
        let given = samples(7, span: 7, dimension: dimension, seed: seed)
        let span = try CheckpointSpan(library(given))
        func point(_ weights: [Double]) -> [Double] {
            (0..<dimension).map { place in zip(weights, given).reduce(0) { $0 + $1.0 * Double($1.1[place]) } }
        }
        let pairs: [([Double], [Double])] = [
            (span.mean(of: [0]), span.mean(of: [1])),
            (span.mean(of: [2, 3, 4]), span.mean(of: Array(0..<7))),
            ([2, -1, 0, 0, 0, 0, 0], span.mean(of: [6])),
        ]
        for (first, second) in pairs {
            let expected = zip(point(first), point(second)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            #expect(abs(span.squaredDistance(first, second) / expected - 1) < 1e-5)
        }
        #expect(span.squaredDistance(span.mean(of: [1, 2]), span.mean(of: [1, 2])) == 0)
    }

    @Test func `the origin is the mean of the members`() throws {
        let given = samples(9, span: 8, dimension: 40_001, seed: 1)
        let span = try CheckpointSpan(library(given))
        for members in [Array(0..<9), [1, 4, 5]] {
            let mean = (0..<40_001).map { place in
                Float(members.reduce(0.0) { $0 + Double(given[$1][place]) } / Double(members.count))
            }
            #expect(farthest(span.origin(of: members).array, mean) < 1e-6)
        }
    }

    @Test func `weights of a neighbourhood give the weighted mean of its experts`() throws {
        let library = try randomLibrary(experts: 4, checkpoints: 3)
        let span = try CheckpointSpan(library)
        #expect(span.count == 12)
        #expect(span.places(of: [library.experts[2], library.experts[0]]) == [6, 7, 8, 0, 1, 2])
        let guides = neighbourhood(in: library, to: library.experts[1].embedding)
        let weights = span.mean(guides, in: library)
        #expect(abs(weights.reduce(0, +) - 1) < 1e-6)
        let exact = SemanticPrior.mean(guides, of: library.experts.map(\.mean))
        let made = exact.indices.map { place in
            Float(zip(weights, span.vectors).reduce(0.0) { $0 + $1.0 * Double($1.1.array[place]) })
        }
        #expect(farthest(exact, made) < 1e-6)
    }

    @Test func `parameters whose squares overflow are refused`() throws {
        let huge = [[Float]](repeating: [1e20, 2e20, 3e20], count: 2) + [[3e20, -1e20, 0]]
        let given = try library(huge)
        let error = refusal(.trainingFailed) { try CheckpointSpan(given) }
        #expect(error?.message.contains("overflow") == true)
    }
}

@Suite("SpanBasis")
struct SpanBasisTests {
    @Test(arguments: [(UInt64(1), 50), (2, 300), (3, 2048), (4, 2049), (5, 20_000)])
    func `directions are orthonormal`(seed: UInt64, dimension: Int) throws {
        let (_, basis, coordinates) = try fit(
            samples(9, span: 8, dimension: dimension, seed: seed), limit: 64)
        #expect(basis.count == 8 && coordinates.count == 8)
        let u = coordinates.directions.array
        try #require(u.count == dimension * 8)
        for first in 0..<8 {
            for second in first..<8 {
                let product = (0..<dimension).reduce(0.0) {
                    $0 + Double(u[$1 * 8 + first]) * Double(u[$1 * 8 + second])
                }
                #expect(abs(product - (first == second ? 1 : 0)) < 5e-4)
            }
        }
    }

    @Test(arguments: 1...5) func `a point of the span is restored from its coordinates`(seed: UInt64) throws {
        let given = samples(12, span: 5, dimension: 2500, seed: seed)
        let (_, basis, coordinates) = try fit(given, limit: 64)
        // Twelve samples in five directions give five, whatever the limit.
        #expect(basis.count == 5)
        #expect(abs(basis.explained - 1) < 1e-6)
        // A mixture of samples.
        var weights = [Double](repeating: 0, count: 12)
        (weights[0], weights[1], weights[2]) = (2, -0.5, -0.5)
        let mixture = given[0].indices.map { 2 * given[0][$0] - 0.5 * given[1][$0] - 0.5 * given[2][$0] }
        var again = coordinates.origin.array
        coordinates.add(basis.coordinates(of: weights), to: &again)
        #expect(farthest(again, mixture) < 1e-3)
        for (place, sample) in given.enumerated() {
            var again = coordinates.origin.array
            coordinates.add(basis.coordinates(ofCheckpoint: place), to: &again)
            #expect(farthest(again, sample) < 1e-3)
        }
        #expect(basis.coordinates(of: basis.origin).allSatisfy { $0 == 0 })
    }

    @Test func `a basis of some checkpoints gives the coordinates of the others`() throws {
        let given = samples(10, span: 9, dimension: 500, seed: 3)
        let span = try CheckpointSpan(library(given))
        let members = [0, 2, 3, 5, 7]
        let basis = try SpanBasis(fitting: members, of: span, limit: 64)
        let coordinates = PrincipalCoordinates(basis, of: span)
        #expect(basis.count == 4)
        let u = coordinates.directions.array
        let origin = coordinates.origin.array
        for place in given.indices {
            let projected = (0..<4).map { direction in
                (0..<500).reduce(0.0) {
                    $0 + Double(u[$1 * 4 + direction]) * Double(given[place][$1] - origin[$1])
                }
            }
            #expect(farthest(basis.coordinates(ofCheckpoint: place), projected.map { Float($0) }) < 2e-3)
        }
        // U y as weights equals U y as parameters.
        let weights = basis.weights(of: [1, -2, 0.5, 3])
        #expect(abs(weights.reduce(0, +)) < 1e-6)
        var step = [Float](repeating: 0, count: 500)
        coordinates.add([1, -2, 0.5, 3], to: &step)
        let made = (0..<500).map { place in
            Float(zip(weights, given).reduce(0.0) { $0 + $1.0 * Double($1.1[place]) })
        }
        #expect(farthest(step, made) < 1e-4)
    }

    @Test(arguments: 1...5) func `the explained share is the variance that the directions keep`(
        seed: UInt64
    ) throws {
        let given = samples(10, span: 9, dimension: 200, seed: seed)
        var before = 0.0
        for limit in 1...9 {
            let (span, basis, _) = try fit(given, limit: limit)
            #expect(basis.count == limit)
            #expect(basis.explained > before && basis.explained < 1 + 1e-9)
            before = basis.explained
            var (kept, all) = (0.0, 0.0)
            for place in given.indices {
                kept += basis.coordinates(ofCheckpoint: place).reduce(0) { $0 + Double($1) * Double($1) }
                all += span.squaredDistance(span.mean(of: [place]), basis.origin)
            }
            #expect(abs(kept / all - basis.explained) < 5e-4)
        }
        #expect(before > 0.9999)
    }

    @Test func `directions are sorted by the variance they keep`() throws {
        let (_, basis, _) = try fit(samples(10, span: 9, dimension: 200, seed: 11), limit: 9)
        let coordinates = (0..<10).map { basis.coordinates(ofCheckpoint: $0) }
        let power = (0..<9).map { direction in
            coordinates.reduce(0) { $0 + $1[direction] * $1[direction] }
        }
        #expect(zip(power, power.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func `identical samples are refused`() {
        let sample = samples(1, span: 1, dimension: 300, seed: 1)[0]
        for given in [[sample], [sample, sample, sample]] {
            let error = refusal(.trainingFailed) { try fit(given, limit: 4) }
            #expect(error?.message.contains("alike") == true)
        }
    }
}
