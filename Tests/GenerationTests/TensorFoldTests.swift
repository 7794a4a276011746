import LinearAlgebra
import LowRank
import TestSupport
import Testing

@testable import Generation

/// The fold of cores and seeds to a plain LoRA, and the gradients through it and through the net.
@Suite("Tensor fold")
struct TensorFoldTests {
    private static func layout(rank: Int = 4) throws -> AdapterLayout {
        try AdapterLayout(
            sites: ["0.query", "0.value", "1.query"].map {
                Site(path: "layer.\($0)", inFeatures: 7, outFeatures: 5)
            }, rank: rank, scale: 2)
    }

    /// ΔW of a site by the definition of the form, in double precision, `[out, in]`.
    private static func contraction(
        _ fold: TensorFold, _ cores: [Float], _ seeds: [Float], site: Int
    ) -> [Double] {
        let slice = fold.layout.slices[site]
        let (rank, inputs, outputs) = (fold.layout.rank, slice.site.inFeatures, slice.site.outFeatures)
        func a(_ row: Int, _ i: Int) -> Double { Double(cores[slice.a.lowerBound + row * inputs + i]) }
        func b(_ o: Int, _ column: Int) -> Double { Double(cores[slice.b.lowerBound + o * rank + column]) }
        func c(_ place: Int) -> Double { Double(seeds[site * rank + place]) }
        let root = TensorForm.ringRank(of: rank) ?? 0
        return (0..<outputs).flatMap { o in
            (0..<inputs).map { i in
                switch fold.form {
                case .cp: (0..<rank).reduce(0) { $0 + c($1) * b(o, $1) * a($1, i) }
                case .ring:
                    // Σ B[β, o, γ] C[γ, α] A[α, i, β].
                    (0..<root).reduce(0) { sum, alpha in
                        (0..<root).reduce(sum) { sum, beta in
                            (0..<root).reduce(sum) { sum, gamma in
                                sum + b(o, gamma * root + beta) * c(gamma * root + alpha)
                                    * a(alpha * root + beta, i)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: TensorForm.allCases, [UInt64(1), 2, 3, 4])
    func `the folded adapter is the contraction, for random cores and seeds`(
        _ form: TensorForm, _ seed: UInt64
    ) throws {
        let layout = try Self.layout()
        let fold = TensorFold(form: form, layout: layout)
        var random = CounterRandom(seed: seed)
        let cores = random.gaussians(layout.parameterCount)
        let seeds = random.gaussians(layout.sites.count * layout.rank)
        let x = fold.adapter(cores, seeds: seeds)
        for (site, slice) in layout.slices.enumerated() {
            let wanted = Self.contraction(fold, cores, seeds, site: site)
            let b = Matrix(rows: 5, columns: 4, values: Array(x[slice.b]))
            let made = b.multiplied(by: Matrix(rows: 4, columns: 7, values: Array(x[slice.a])))
            for (one, other) in zip(made.values, wanted) {
                let difference = abs(Double(one) - other)
                #expect(difference < 1e-5)
            }
        }
    }

    @Test(arguments: TensorForm.allCases)
    func `neutral seeds leave the cores as they are`(_ form: TensorForm) throws {
        let layout = try Self.layout()
        var random = CounterRandom(seed: 4)
        let cores = random.gaussians(layout.parameterCount)
        let seeds = layout.sites.flatMap { _ in form.neutralSeed(rank: layout.rank) }
        #expect(TensorFold(form: form, layout: layout).adapter(cores, seeds: seeds) == cores)
    }

    @Test func `only square ranks are rings`() {
        #expect([1, 4, 9, 16, 64].map(TensorForm.ringRank) == [1, 2, 3, 4, 8])
        #expect([2, 3, 5, 8, 15, 32].allSatisfy { TensorForm.ringRank(of: $0) == nil })
    }

    @Test(arguments: TensorForm.allCases)
    func `the gradient equals central differences, for every group of parameters`(_ form: TensorForm) throws {
        let layout = try Self.layout()
        var random = CounterRandom(seed: 9)
        var system = try MetaLoRASystem(
            form, mean: random.gaussians(layout.parameterCount), layout: layout,
            centre: random.gaussians(6), seed: 2)
        try expectGradient(of: &system, condition: TaskCondition(embedding: random.gaussians(6)), 1, &random)
    }
}

/// Compares a system's gradient with central differences of ½‖x − point‖², on some parameters of every group that is trained in
/// a phase, after moving all of them to where no gradient vanishes.
func expectGradient(
    of system: inout some TaskTrainedSystem, condition: TaskCondition, _ phase: Int,
    _ random: inout CounterRandom
) throws {
    system.begin(phase: phase)
    var moved = system.groups
    for index in moved.indices where moved[index].rate > 0 {
        let steps = random.gaussians(moved[index].values.count)
        moved[index].values = zip(moved[index].values, steps).map { $0 + 0.1 * $1 }
    }
    system.groups = moved
    let point = random.gaussians(system.adapter(for: condition).count)
    func loss(_ system: some TaskTrainedSystem) -> Double {
        zip(system.adapter(for: condition), point).reduce(0.0) { sum, pair in
            let distance = Double(pair.0 - pair.1)
            return sum + distance * distance / 2
        }
    }
    let x = system.adapter(for: condition)
    let gradients = system.gradient(zip(x, point).map { $0 - $1 }, for: condition)
    #expect(gradients.count == system.groups.count)
    for (index, group) in system.groups.enumerated() where group.rate > 0 {
        #expect(gradients[index].count == group.values.count)
        for _ in 0..<12 {
            let place = random.below(group.values.count)
            var (up, down) = (system, system)
            up.groups[index].values[place] += 8e-3
            down.groups[index].values[place] -= 8e-3
            let slope = (loss(up) - loss(down)) / 16e-3
            let own = Double(gradients[index][place])
            let bound = 0.03 * max(0.3, abs(slope))
            #expect(abs(slope - own) < bound, "group \(index), \(place): \(own), \(slope)")
        }
    }
}
