internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// `lora-gen`: a pool of eight experts, of which a router mixes two in each layer as the description says.
///
/// x = Σ_j G_j E_j in each layer, on the factors, which all share one gauge: exactly what applying the mixture on the fly would
/// do to each factor. The pool's experts begin as the means of eight clusters of the library's experts, so that each begins as
/// something that works. The loss has the balance term α·(σ/μ)² of the experts' importance over all descriptions and
/// layers. Its control has the same pool and constant gates, their mean over the tasks.
///
/// Source: LoRA-Gen (arXiv 2506.11638), whose pool is shared by the layers and begins at random.
struct RoutedSystem: TaskTrainedSystem {
    /// How many experts the pool has.
    static let poolSize = 8
    /// α, the weight of the balance term.
    private static let balance: Float = 0.01
    private static let rate: Float = 1e-3
    private static let decay: Float = 0.1

    private let layers: RoutedLayers
    /// E, `[pool, D]`.
    private var pool: ParameterGroup
    private var router: LayerRouter
    /// The gates without a task, `[layers, pool]`: uniform until ``settle(over:)``.
    private var constantGates: [Float]
    /// D.
    private let count: Int

    /// Begins with clusters of a library's experts.
    ///
    /// - Parameters:
    ///   - library: the experts, none of them foreign.
    ///   - centre: the mean embedding of their descriptions.
    ///   - seed: the seed of the router's weights.
    init(_ library: Library, centre: [Float], seed: UInt64) throws(SgloradError) {
        let experts = library.experts
        let groups =
            experts.count > Self.poolSize
            ? ExpertModes.assign(experts.map(\.embedding), count: Self.poolSize)
            : Array(experts.indices)
        let mean = try library.mean()
        var values: [Float] = []
        var clusters: [[Float]] = []
        for cluster in 0..<Self.poolSize {
            let members = experts.indices.filter { groups[$0] == cluster }.map { experts[$0] }
            values += try members.isEmpty ? mean : Library(layout: library.layout, experts: members).mean()
            clusters.append(Self.centre(of: members, less: centre))
        }
        layers = RoutedLayers(library.layout)
        count = library.layout.parameterCount
        pool = ParameterGroup(values, rate: Self.rate, decay: Self.decay)
        router = try LayerRouter(layers: layers.count, clusters: clusters, centre: centre, seed: seed)
        constantGates = Self.uniform(layers.count)
    }

    /// Reads a trained system.
    ///
    /// - Throws: `invalidFile`.
    init(_ reader: GeneratorTensorReader, layout: AdapterLayout, width: Int) throws(SgloradError) {
        layers = RoutedLayers(layout)
        count = layout.parameterCount
        pool = ParameterGroup(
            try reader.vector("pool", [Self.poolSize, count]).array, rate: Self.rate, decay: Self.decay)
        router = try LayerRouter(reader, layers: layers.count, pool: Self.poolSize, width: width)
        constantGates = try reader.vector("gates", [layers.count, Self.poolSize]).array
    }

    private static func uniform(_ layers: Int) -> [Float] {
        [Float](repeating: 1 / Float(poolSize), count: layers * poolSize)
    }

    private static func centre(of members: [LibraryExpert], less centre: [Float]) -> [Float] {
        guard !members.isEmpty else { return [Float](repeating: 0, count: centre.count) }
        return centre.indices.map { place -> Float in
            let sum = members.reduce(Float(0)) { $0 + $1.embedding[place] }
            return sum / Float(members.count) - centre[place]
        }
    }

    var groups: [ParameterGroup] {
        get { [pool] + router.groups }
        set {
            pool.values = newValue[0].values
            for index in router.groups.indices { router.groups[index].values = newValue[index + 1].values }
        }
    }

    var dependsOnTask: Bool { true }
    var readsStates: Bool { true }

    func adapter(for condition: TaskCondition?) -> [Float] {
        mixed(condition.map(router.gates) ?? constantGates)
    }

    /// Σ_j G_j E_j in each layer, D values.
    private func mixed(_ gates: [Float]) -> [Float] {
        var x = [Float](repeating: 0, count: count)
        x.withUnsafeMutableBufferPointer { x in
            pool.values.withUnsafeBufferPointer { pool in
                guard let x = x.baseAddress, let pool = pool.baseAddress else { return }
                for (layer, ranges) in layers.ranges.enumerated() {
                    for expert in 0..<Self.poolSize where gates[layer * Self.poolSize + expert] != 0 {
                        for range in ranges {
                            BLAS.axpy(
                                count: range.count, alpha: gates[layer * Self.poolSize + expert],
                                x: pool + expert * count + range.lowerBound, y: x + range.lowerBound)
                        }
                    }
                }
            }
        }
        return x
    }

    func gradient(_ gradient: [Float], for condition: TaskCondition) -> [[Float]] {
        let gates = router.gates(condition)
        var byPool = [Float](repeating: 0, count: pool.values.count)
        var byGates = [Float](repeating: 0, count: gates.count)
        for (layer, ranges) in layers.ranges.enumerated() {
            for expert in 0..<Self.poolSize {
                let gate = gates[layer * Self.poolSize + expert]
                guard gate != 0 else { continue }
                var slope: Float = 0
                for range in ranges {
                    for place in range {
                        byPool[expert * count + place] = gate * gradient[place]
                        slope += gradient[place] * pool.values[expert * count + place]
                    }
                }
                byGates[layer * Self.poolSize + expert] = slope
            }
        }
        return [byPool] + router.gradient(byGates, of: condition)
    }

    func regularisation(over conditions: [TaskCondition]) -> (loss: Float, gradients: [[Float]])? {
        let importance = self.importance(over: conditions)
        let mean = importance.reduce(0, +) / Float(Self.poolSize)
        let variance = importance.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(Self.poolSize)
        // μ is constant: the gates of a layer sum to 1.
        let slopes = importance.map { Self.balance * 2 / Float(Self.poolSize) * ($0 - mean) / (mean * mean) }
        let byGates = (0..<layers.count).flatMap { _ in slopes }
        var sums = router.groups.map { [Float](repeating: 0, count: $0.values.count) }
        for condition in conditions {
            for (group, values) in router.gradient(byGates, of: condition).enumerated() {
                for place in values.indices { sums[group][place] += values[place] }
            }
        }
        return (Self.balance * variance / (mean * mean), [[]] + sums)
    }

    /// How much each expert is used: its gates, summed over descriptions and layers.
    func importance(over conditions: [TaskCondition]) -> [Float] {
        var importance = [Float](repeating: 0, count: Self.poolSize)
        for condition in conditions {
            for (place, gate) in router.gates(condition).enumerated() {
                importance[place % Self.poolSize] += gate
            }
        }
        return importance
    }

    mutating func settle(over conditions: [TaskCondition]) {
        var sum = [Float](repeating: 0, count: constantGates.count)
        for condition in conditions {
            for (place, gate) in router.gates(condition).enumerated() { sum[place] += gate }
        }
        constantGates = sum.map { $0 / Float(max(1, conditions.count)) }
    }

    func routing(for condition: TaskCondition) -> [RoutedLayer] {
        let gates = router.gates(condition)
        return layers.names.enumerated().map { layer, name in
            let row = (0..<Self.poolSize).map { ($0, gates[layer * Self.poolSize + $0]) }
            return RoutedLayer(
                layer: name,
                experts: row.filter { $0.1 != 0 }.sorted { $0.1 > $1.1 }.map {
                    RoutedLayer.Expert(expert: $0.0, gate: $0.1)
                })
        }
    }

    var tensors: [GeneratorTensor] {
        [
            GeneratorTensor(pool.values, shape: [Self.poolSize, count], name: "pool"),
            GeneratorTensor(constantGates, shape: [layers.count, Self.poolSize], name: "gates"),
        ] + router.tensors
    }
}
