import LinearAlgebra
import LowRank
import TestSupport
import Testing

@testable import Generation

/// The routed mixture of a pool: its gates, its merge, its gradient and its balance.
@Suite("Routed system")
struct RoutedSystemTests {
    /// A library of three layers with two sites each.
    private static func library(experts count: Int = 12) throws -> Library {
        let layout = try AdapterLayout(
            sites: (0..<3).flatMap { layer in
                ["query", "value"].map { Site(path: "layer.\(layer).\($0)", inFeatures: 6, outFeatures: 5) }
            }, rank: 2, scale: 2)
        var random = CounterRandom(seed: 3)
        return Library(
            layout: layout,
            experts: (0..<count).map { number in
                libraryExpert(
                    "expert-\(number)", samples: [random.gaussians(layout.parameterCount)],
                    embedding: unit(random.gaussians(8)))
            })
    }

    private static func centre(_ library: Library) -> [Float] {
        (0..<8).map { place -> Float in
            library.experts.reduce(Float(0)) { $0 + $1.embedding[place] } / Float(library.experts.count)
        }
    }

    private static func system(_ library: Library) throws -> RoutedSystem {
        try RoutedSystem(library, centre: centre(library), seed: 1)
    }

    private static func condition(_ random: inout CounterRandom) -> TaskCondition {
        TaskCondition(
            embedding: unit(random.gaussians(8)),
            states: Matrix(rows: 5, columns: 8, values: random.gaussians(40)))
    }

    @Test func `each layer mixes exactly two experts, whose gates sum to 1`() throws {
        let system = try Self.system(Self.library())
        var random = CounterRandom(seed: 8)
        for _ in 0..<20 {
            let routing = system.routing(for: Self.condition(&random))
            #expect(routing.map(\.layer) == ["0", "1", "2"])
            for layer in routing {
                #expect(layer.experts.count == 2 && Set(layer.experts.map(\.expert)).count == 2)
                #expect(layer.experts[0].gate >= layer.experts[1].gate && layer.experts[1].gate > 0)
                let sum = layer.experts[0].gate + layer.experts[1].gate
                #expect(abs(sum - 1) < 1e-6)
                #expect(layer.experts.allSatisfy { (0..<RoutedSystem.poolSize).contains($0.expert) })
            }
        }
    }

    @Test func `the merged adapter does what mixing the experts on the fly does`() throws {
        let library = try Self.library()
        let system = try Self.system(library)
        let pool = try #require(system.tensors.first { $0.name == "pool" }).values.array
        let count = library.layout.parameterCount
        var random = CounterRandom(seed: 4)
        let condition = Self.condition(&random)
        let x = system.adapter(for: condition)
        let routing = system.routing(for: condition)
        for (site, slice) in library.layout.slices.enumerated() {
            let input = random.gaussians(6).map(Double.init)
            /// A matrix in a vector of parameters times a vector.
            func product(_ numbers: [Float], _ range: Range<Int>, _ vector: [Double]) -> [Double] {
                (0..<range.count / vector.count).map { row in
                    vector.indices.reduce(0) {
                        $0 + Double(numbers[range.lowerBound + row * vector.count + $1]) * vector[$1]
                    }
                }
            }
            let merged = product(x, slice.b, product(x, slice.a, input))
            let experts = routing[site / 2].experts
            func mixed(_ range: Range<Int>, _ vector: [Double]) -> [Double] {
                experts.map { expert in
                    let own = Array(pool[expert.expert * count..<(expert.expert + 1) * count])
                    return product(own, range, vector).map { $0 * Double(expert.gate) }
                }.reduce([Double](repeating: 0, count: range.count / vector.count)) {
                    zip($0, $1).map(+)
                }
            }
            let flying = mixed(slice.b, mixed(slice.a, input))
            for (one, other) in zip(merged, flying) { #expect(abs(one - other) < 1e-4) }
        }
    }

    @Test func `the gradient equals central differences, for every group of parameters`() throws {
        var system = try Self.system(Self.library())
        var random = CounterRandom(seed: 14)
        let condition = Self.condition(&random)
        try expectGradient(of: &system, condition: condition, 0, &random)
    }

    @Test func `the balance term's gradient equals central differences, and its descent evens the use out`()
        throws
    {
        let library = try Self.library()
        var system = try Self.system(library)
        var random = CounterRandom(seed: 21)
        var moved = system.groups
        for index in moved.indices.dropFirst() {
            let steps = random.gaussians(moved[index].values.count)
            moved[index].values = zip(moved[index].values, steps).map { $0 + 0.1 * $1 }
        }
        system.groups = moved
        let conditions = (0..<10).map { _ in Self.condition(&random) }
        let (loss, gradients) = try #require(system.regularisation(over: conditions))
        #expect(loss > 0 && gradients[0].isEmpty)
        for index in 1..<system.groups.count {
            for _ in 0..<8 {
                let place = random.below(system.groups[index].values.count)
                var (up, down) = (system, system)
                up.groups[index].values[place] += 1e-3
                down.groups[index].values[place] -= 1e-3
                let slope =
                    ((up.regularisation(over: conditions)?.loss ?? 0)
                        - (down.regularisation(over: conditions)?.loss ?? 0)) / 2e-3
                // A choice that changes within the step has no slope.
                guard abs(slope) < 0.05 else { continue }
                let own = gradients[index][place]
                #expect(abs(slope - own) < 2e-4 + 0.1 * abs(slope))
            }
        }
        for _ in 0..<100 {
            guard let term = system.regularisation(over: conditions) else { break }
            var groups = system.groups
            for index in groups.indices.dropFirst() {
                groups[index].values = zip(groups[index].values, term.gradients[index]).map { $0 - 20 * $1 }
            }
            system.groups = groups
        }
        #expect((system.regularisation(over: conditions)?.loss ?? 1) < 0.7 * loss)
    }

    @Test func `constant gates make the mean of the tasks' adapters`() throws {
        var system = try Self.system(Self.library())
        var random = CounterRandom(seed: 5)
        let conditions = (0..<6).map { _ in Self.condition(&random) }
        system.settle(over: conditions)
        let made = conditions.map { system.adapter(for: $0) }
        let mean = made[0].indices.map { place -> Float in made.reduce(Float(0)) { $0 + $1[place] } / 6 }
        #expect(farthest(mean, system.adapter(for: nil)) < 1e-5)
    }

    @Test func `the pool begins as the means of clusters of experts, also of few`() throws {
        for count in [3, 8, 12] {
            let library = try Self.library(experts: count)
            let pool = try #require(try Self.system(library).tensors.first { $0.name == "pool" })
            #expect(pool.shape == [RoutedSystem.poolSize, library.layout.parameterCount])
            let first = Array(pool.values.array[..<library.layout.parameterCount])
            if count <= 8 { #expect(first == library.experts[0].mean.array) }
        }
    }
}
