internal import ErrorModel
internal import Glibc
internal import LinearAlgebra

/// The router of each layer: from a description to the gates of the pool's experts, of which two are not zero.
///
/// A layer's meta token is one cross-attention of its learned query m over the description's last hidden states H,
/// T = Σ_t softmax(m·H_t / √W)_t H_t + m. The logits are R = W₂ SiLU(W₁ T + b₁) + b₂ + V (d − d̄), where W₁, W₂ and the rest are
/// shared by the layers, d is the description's embedding, and V begins at the centres of the pool's clusters, so that a
/// description begins with the experts of its own kind. The gates are the softmax over the two largest logits: the rest are 0
/// and the two sum to 1.
///
/// Source: LoRA-Gen (arXiv 2506.11638), where the meta tokens are part of a language model's input and the logits are batch
/// normalised. There is no such normalisation here: with two or three tasks a step its statistics would be noise, and what it is
/// for, that no expert is always chosen, the balance of the gates over all descriptions does.
struct LayerRouter: Sendable {
    /// How many experts each layer mixes.
    static let chosen = 2
    private static let hidden = 64
    /// The logit of the description that is a cluster's centre.
    private static let sharpness: Float = 8
    private static let rate: Float = 1e-3
    private static let decay: Float = 0.05
    private static let names = [
        "queries", "hidden.weight", "hidden.bias", "output.weight", "output.bias", "clusters",
    ]

    /// The parameters, one group for each name.
    var groups: [ParameterGroup]
    /// d̄: the mean embedding of the library's descriptions.
    let centre: [Float]
    private let shapes: [[Int]]
    private let layers: Int
    private let pool: Int

    private init(
        layers: Int, pool: Int, centre: [Float],
        values: (Int, [Int]) throws(SgloradError) -> [Float]
    ) throws(SgloradError) {
        let width = centre.count
        self.layers = layers
        self.pool = pool
        self.centre = centre
        shapes = [
            [layers, width], [Self.hidden, width], [Self.hidden], [pool, Self.hidden], [pool], [pool, width],
        ]
        groups = []
        for (index, shape) in shapes.enumerated() {
            groups.append(
                ParameterGroup(
                    try values(index, shape), rate: Self.rate, decay: shape.count > 1 ? Self.decay : 0))
        }
    }

    /// A router of random weights.
    ///
    /// - Parameters:
    ///   - layers: the number of layers.
    ///   - clusters: for each expert of the pool the centre of its cluster, less `centre`; zero for an empty one.
    ///   - centre: the mean embedding of the library's descriptions.
    ///   - seed: the seed of the weights.
    init(layers: Int, clusters: [[Float]], centre: [Float], seed: UInt64) throws(SgloradError) {
        var random = CounterRandom(seed: seed, stream: 0x524F_5554)
        try self.init(layers: layers, pool: clusters.count, centre: centre) {
            index, shape throws(SgloradError) in
            let count = shape.reduce(1, *)
            switch index {
            case 0: return random.gaussians(count).map { 0.1 * $0 }
            case 1: return random.gaussians(count).map { $0 / Float(shape[1]).squareRoot() }
            case 5: return clusters.flatMap { Self.scaled($0) }
            default: return [Float](repeating: 0, count: count)
            }
        }
    }

    /// Reads a trained router.
    ///
    /// - Throws: `invalidFile`.
    init(
        _ reader: GeneratorTensorReader, layers: Int, pool: Int, width: Int
    ) throws(SgloradError) {
        let centre = try reader.vector("router.centre", [width]).array
        try self.init(layers: layers, pool: pool, centre: centre) { index, shape throws(SgloradError) in
            try reader.vector("router.\(Self.names[index])", shape).array
        }
    }

    var tensors: [GeneratorTensor] {
        [GeneratorTensor(centre, name: "router.centre")]
            + groups.indices.map {
                GeneratorTensor(groups[$0].values, shape: shapes[$0], name: "router.\(Self.names[$0])")
            }
    }

    /// A cluster's centre with the length that makes its own logit ``sharpness``.
    private static func scaled(_ centre: [Float]) -> [Float] {
        let power = centre.reduce(0) { $0 + $1 * $1 }
        return power > 1e-6 ? centre.map { sharpness * $0 / power } : centre
    }

    /// What one layer computes of a description, kept for the gradient.
    private struct Trace {
        /// The attention over the description's tokens.
        let attention: [Float]
        /// T.
        let token: [Float]
        /// W₁ T + b₁, and the SiLU of it.
        let before: [Float]
        let after: [Float]
        /// The chosen experts with their gates, the larger first.
        let chosen: [(expert: Int, gate: Float)]
    }

    /// The gates of a description, `[layers, pool]`, row-major; two of each row are not zero.
    func gates(_ condition: TaskCondition) -> [Float] {
        var gates = [Float](repeating: 0, count: layers * pool)
        for (layer, trace) in forward(condition).enumerated() {
            for (expert, gate) in trace.chosen { gates[layer * pool + expert] = gate }
        }
        return gates
    }

    private func matrix(_ index: Int) -> Matrix {
        Matrix(rows: shapes[index][0], columns: shapes[index][1], values: groups[index].values)
    }

    private func forward(_ condition: TaskCondition) -> [Trace] {
        let states = condition.states
        let queries = matrix(0)
        let scale = 1 / Float(centre.count).squareRoot()
        var scores = queries.multiplied(by: states, transposeOther: true)
        for place in scores.values.indices { scores.values[place] *= scale }
        let attention = (0..<layers).map { Self.softmax(scores.row($0)) }
        var tokens = Matrix(stacking: attention).multiplied(by: states)
        for place in tokens.values.indices { tokens.values[place] += queries.values[place] }
        let before = DenseLayer(weight: matrix(1), bias: groups[2].values)(tokens)
        let after = SiLU.applied(to: before)
        var logits = DenseLayer(weight: matrix(3), bias: groups[4].values)(after)
        let input = zip(condition.embedding, centre).map { $0 - $1 }
        let near = matrix(5).multiplied(by: Matrix(stacking: [input]), transposeOther: true)
        return (0..<layers).map { layer in
            for expert in 0..<pool { logits[layer, expert] += near[expert, 0] }
            let row = logits.row(layer)
            let best = row.indices.sorted { (row[$0], $1) > (row[$1], $0) }.prefix(Self.chosen)
            let gates = Self.softmax(best.map { row[$0] })
            return Trace(
                attention: attention[layer], token: tokens.row(layer), before: before.row(layer),
                after: after.row(layer), chosen: zip(best, gates).map { (expert: $0, gate: $1) })
        }
    }

    /// Maps the gradient with respect to the gates, `[layers, pool]`, to each group; only that of chosen gates is read.
    ///
    /// Which experts are chosen is piecewise constant, and its gradient is taken as zero.
    func gradient(_ gates: [Float], of condition: TaskCondition) -> [[Float]] {
        var sums = shapes.map { [Float](repeating: 0, count: $0.reduce(1, *)) }
        let states = condition.states
        let width = centre.count
        let scale = 1 / Float(width).squareRoot()
        let input = zip(condition.embedding, centre).map { $0 - $1 }
        for (layer, trace) in forward(condition).enumerated() {
            let mean = trace.chosen.reduce(0) { $0 + $1.gate * gates[layer * pool + $1.expert] }
            var byAfter = [Float](repeating: 0, count: Self.hidden)
            for (expert, gate) in trace.chosen {
                let slope = gate * (gates[layer * pool + expert] - mean)
                for index in 0..<Self.hidden {
                    sums[3][expert * Self.hidden + index] += slope * trace.after[index]
                    byAfter[index] += slope * groups[3].values[expert * Self.hidden + index]
                }
                sums[4][expert] += slope
                for index in 0..<width { sums[5][expert * width + index] += slope * input[index] }
            }
            var byToken = [Float](repeating: 0, count: width)
            for index in 0..<Self.hidden {
                let slope = byAfter[index] * SiLU.slope(trace.before[index])
                sums[2][index] += slope
                for place in 0..<width {
                    sums[1][index * width + place] += slope * trace.token[place]
                    byToken[place] += slope * groups[1].values[index * width + place]
                }
            }
            // T = Σ a_t H_t + m, with a = softmax(m·H_t·scale).
            let along = (0..<states.rows).map { row in
                (0..<width).reduce(Float(0)) { $0 + byToken[$1] * states[row, $1] }
            }
            let average = zip(trace.attention, along).reduce(0) { $0 + $1.0 * $1.1 }
            for place in 0..<width { sums[0][layer * width + place] += byToken[place] }
            for row in 0..<states.rows {
                let slope = trace.attention[row] * (along[row] - average) * scale
                for place in 0..<width { sums[0][layer * width + place] += slope * states[row, place] }
            }
        }
        return sums
    }

    private static func softmax(_ values: [Float]) -> [Float] {
        let peak = values.max() ?? 0
        let shares = values.map { exp($0 - peak) }
        let total = shares.reduce(0, +)
        return shares.map { $0 / total }
    }
}
