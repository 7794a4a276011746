internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// `metalora`: static cores that all tasks share, and a seed of r numbers a site that a net makes of the description.
///
/// Trained in two phases: the cores alone, which is ``MultiTaskSystem`` in another form, then the cores with the net. Its control
/// has the same cores and static seeds, their mean over the tasks.
///
/// Source: MetaLoRA (arXiv 2504.00460); the description in place of the input is a change to it, see ``TensorFold``.
struct MetaLoRASystem: TaskTrainedSystem {
    private let fold: TensorFold
    private var cores: ParameterGroup
    private var net: SeedNetwork
    /// The seeds without a task, `[sites, rank]`: neutral until ``settle(over:)``.
    private var staticSeeds: [Float]
    /// Whether the net is used; it is not in the first phase.
    private var isConditioned = false

    private static let rate: Float = 1e-3
    private static let decay: Float = 0.1

    /// Begins at the library's mean.
    ///
    /// - Parameters:
    ///   - form: how cores and seed are contracted.
    ///   - mean: the library's mean, D values.
    ///   - layout: the library's.
    ///   - centre: the mean embedding of the descriptions.
    ///   - seed: the seed of the net's weights.
    /// - Throws: `invalidRequest` for a ring on a library whose rank is not a square.
    init(
        _ form: TensorForm, mean: [Float], layout: AdapterLayout, centre: [Float], seed: UInt64
    ) throws(SgloradError) {
        if form == .ring, TensorForm.ringRank(of: layout.rank) == nil {
            throw .invalidRequest(
                field: "tensor",
                reason:
                    "is ring, which folds into square ranks alone, and the library's rank is \(layout.rank); take cp"
            )
        }
        fold = TensorFold(form: form, layout: layout)
        cores = ParameterGroup(mean, rate: Self.rate, decay: Self.decay)
        net = try SeedNetwork(layout, centre: centre, seed: seed)
        staticSeeds = Self.neutral(form, layout)
    }

    /// Reads a trained system.
    ///
    /// - Throws: `invalidFile`.
    init(_ reader: GeneratorTensorReader, form: TensorForm, layout: AdapterLayout, width: Int)
        throws(SgloradError)
    {
        fold = TensorFold(form: form, layout: layout)
        cores = ParameterGroup(
            try reader.vector("cores", [layout.parameterCount]).array, rate: Self.rate, decay: Self.decay)
        net = try SeedNetwork(reader, layout, width: width)
        staticSeeds = try reader.vector("seeds", [layout.sites.count, layout.rank]).array
        isConditioned = true
    }

    private static func neutral(_ form: TensorForm, _ layout: AdapterLayout) -> [Float] {
        layout.sites.flatMap { _ in form.neutralSeed(rank: layout.rank) }
    }

    var groups: [ParameterGroup] {
        get {
            var all = [cores] + net.groups
            // A rate of 0 keeps the net as it is until the second phase.
            if !isConditioned { for index in 1..<all.count { all[index].rate = 0 } }
            return all
        }
        set {
            cores.values = newValue[0].values
            for index in net.groups.indices { net.groups[index].values = newValue[index + 1].values }
        }
    }

    var phases: Int { 2 }

    mutating func begin(phase: Int) { isConditioned = phase > 0 }

    var dependsOnTask: Bool { true }

    func adapter(for condition: TaskCondition?) -> [Float] {
        fold.adapter(cores.values, seeds: condition.map(seeds) ?? staticSeeds)
    }

    func gradient(_ gradient: [Float], for condition: TaskCondition) -> [[Float]] {
        let (byCores, bySeeds) = fold.gradient(gradient, cores: cores.values, seeds: seeds(condition))
        guard isConditioned else { return [byCores] + net.groups.map { _ in [] } }
        return [byCores] + net.gradient(bySeeds, of: condition.embedding)
    }

    mutating func settle(over conditions: [TaskCondition]) {
        var sum = [Float](repeating: 0, count: staticSeeds.count)
        for condition in conditions {
            for (place, value) in seeds(condition).enumerated() { sum[place] += value }
        }
        staticSeeds = sum.map { $0 / Float(max(1, conditions.count)) }
    }

    var tensors: [GeneratorTensor] {
        [
            GeneratorTensor(cores.values, name: "cores"),
            GeneratorTensor(staticSeeds, shape: [fold.layout.sites.count, fold.layout.rank], name: "seeds"),
        ] + net.tensors
    }

    /// The seeds of a task, `[sites, rank]`.
    private func seeds(_ condition: TaskCondition) -> [Float] {
        let neutral = Self.neutral(fold.form, fold.layout)
        guard isConditioned else { return neutral }
        return zip(neutral, net(condition.embedding)).map { $0 + $1 }
    }
}
