import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

@Suite("Merging foreign experts")
struct ForeignMergingTests {
    private let layout: AdapterLayout
    private let site = Site(path: "a", inFeatures: 9, outFeatures: 8)

    init() throws { layout = try AdapterLayout(sites: [site], rank: 3, scale: 2) }

    private func library(foreign: Set<Int>, scrambled: Float = 1) -> Library {
        Library(
            layout: layout,
            experts: (0..<4).map { index in
                var random = CounterRandom(seed: UInt64(index))
                var numbers = random.gaussians(layout.parameterCount)
                if foreign.contains(index) {
                    for place in layout.slices[0].a { numbers[place] *= scrambled }
                    for place in layout.slices[0].b { numbers[place] /= scrambled }
                }
                let mean = FloatVector(numbers)
                return LibraryExpert(
                    name: "expert-\(index)", digest: "digest-\(index)",
                    embedding: (0..<4).map { $0 == index ? 1 : 0 }, mean: mean, variance: mean,
                    checkpoints: [mean], isForeign: foreign.contains(index))
            })
    }

    private func neighbourhood(_ library: Library) throws -> Neighbourhood {
        Neighbourhood(
            proximities: library.index.proximities(to: [0.8, 0.6, 0, 0], by: .plain),
            options: try GuidanceOptions(topK: 2, temperature: 0.5, measure: .plain))
    }

    private func change(_ parameters: [Float]) -> DoubleMatrix {
        let factor = LoRAAdapter(layout: layout, parameters: parameters).factors[0]
        return DoubleMatrix(rows: 8, columns: 3, values: factor.b.map(Double.init))
            .multiplied(by: DoubleMatrix(rows: 3, columns: 9, values: factor.a.map(Double.init)))
    }

    private func difference(_ first: [Float], _ second: [Float]) -> Double {
        zip(change(first).values, change(second).values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            .squareRoot() / change(second).squaredNorm.squareRoot()
    }

    @Test func `without a foreign expert, factors are averaged`() throws {
        let library = library(foreign: [3])
        let near = try neighbourhood(library)
        let made = try WeightedGenerator().parameters(guidedBy: near, in: library, seed: 0)
        #expect(made == SemanticPrior.mean(near, of: library.experts.map(\.mean)))
    }

    @Test func `the gauge of a foreign expert does not matter`() throws {
        for generator in [WeightedGenerator() as any AdapterGenerator, MeanGenerator(), NearestGenerator()] {
            let made = try [Float(1), 1000, 0.001].map { stretch in
                let library = library(foreign: [0, 2], scrambled: stretch)
                return try generator.parameters(
                    guidedBy: try neighbourhood(library), in: library, seed: 0)
            }
            #expect(difference(made[1], made[0]) < 1e-4)
            #expect(difference(made[2], made[0]) < 1e-4)
        }
    }

    @Test func `with a foreign expert, weighted is the best low-rank approximation of the sum of ΔW`() throws
    {
        let library = library(foreign: [0])
        let near = try neighbourhood(library)
        let made = change(try WeightedGenerator().parameters(guidedBy: near, in: library, seed: 0))
        var sum = DoubleMatrix(rows: 8, columns: 9)
        for member in near.members {
            let part = change(library.experts[member.expert].mean.array)
            for index in sum.values.indices {
                sum.values[index] += Double(member.weight) * part.values[index]
            }
        }
        let error = zip(made.values, sum.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let gram = sum.multiplied(by: sum, transposeSelf: true)
        let least = try SymmetricEigen(gram.values, order: 9).values.dropFirst(3).reduce(0) {
            $0 + max($1, 0)
        }
        #expect(abs(error - least) < 1e-5 * sum.squaredNorm)
    }

    @Test func `the native library has no foreign experts`() {
        #expect(library(foreign: [1, 3]).native.experts.map(\.name) == ["expert-0", "expert-2"])
        #expect(library(foreign: []).native.experts.count == 4)
    }
}
