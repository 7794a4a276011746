internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// The net that maps a description to a seed for each site: the deviation f from the neutral seed.
///
/// h = LN(W₀ (d − d̄) + b₀), `[64]`; for each site z = [h; e_layer; e_module], `[88]`; f = W₂ SiLU(W₁ z + b₁) + b₂, `[rank]`. The
/// sites share the weights and differ by two learned embeddings, as in Text-to-LoRA (arXiv 2506.06105). W₂ and b₂ begin at
/// zero, so that every description begins with the neutral seed.
struct SeedNetwork: Sendable {
    private static let (condition, layer, module, hidden) = (64, 16, 8, 128)
    private static let rate: Float = 2e-3
    private static let decay: Float = 0.05
    /// The names and the order of the parameters.
    private static let names = [
        "description.weight", "description.bias", "hidden.weight", "hidden.bias", "output.weight",
        "output.bias", "layers", "modules",
    ]

    /// The parameters, one group for each name.
    var groups: [ParameterGroup]
    /// d̄: the mean embedding of the library's descriptions.
    let centre: [Float]
    private let shapes: [[Int]]
    /// For each site its layer and its module, which are rows of the embeddings.
    private let places: SitePlaces
    private let rank: Int

    /// The shapes of the parameters for a layout and embeddings of `width` numbers.
    private init(
        _ layout: AdapterLayout, width: Int, centre: [Float],
        values: (Int, [Int]) throws(SgloradError) -> [Float]
    )
        throws(SgloradError)
    {
        places = SitePlaces(layout.sites)
        rank = layout.rank
        self.centre = centre
        let inputs = Self.condition + Self.layer + Self.module
        shapes = [
            [Self.condition, width], [Self.condition], [Self.hidden, inputs], [Self.hidden],
            [layout.rank, Self.hidden], [layout.rank], [places.layers.count, Self.layer],
            [places.modules.count, Self.module],
        ]
        groups = []
        for (index, shape) in shapes.enumerated() {
            groups.append(
                ParameterGroup(
                    try values(index, shape), rate: Self.rate, decay: shape.count > 1 ? Self.decay : 0))
        }
    }

    /// A net of random weights.
    ///
    /// - Parameters:
    ///   - layout: the layout of the adapters.
    ///   - centre: the mean embedding of the library's descriptions.
    ///   - seed: the seed of the weights.
    init(_ layout: AdapterLayout, centre: [Float], seed: UInt64) throws(SgloradError) {
        var random = CounterRandom(seed: seed, stream: 0x4D45_5441)
        try self.init(layout, width: centre.count, centre: centre) { index, shape throws(SgloradError) in
            let count = shape.reduce(1, *)
            switch index {
            case 0, 2: return random.gaussians(count).map { $0 / Float(shape[1]).squareRoot() }
            case 6, 7: return random.gaussians(count)
            default: return [Float](repeating: 0, count: count)
            }
        }
    }

    /// Reads a trained net.
    ///
    /// - Parameter width: the number of components of a description's embedding.
    /// - Throws: `invalidFile`.
    init(_ reader: GeneratorTensorReader, _ layout: AdapterLayout, width: Int) throws(SgloradError) {
        let centre = try reader.vector("net.centre", [width]).array
        try self.init(layout, width: width, centre: centre) { index, shape throws(SgloradError) in
            try reader.vector("net.\(Self.names[index])", shape).array
        }
    }

    var tensors: [GeneratorTensor] {
        [GeneratorTensor(centre, name: "net.centre")]
            + groups.indices.map {
                GeneratorTensor(groups[$0].values, shape: shapes[$0], name: "net.\(Self.names[$0])")
            }
    }

    /// The activations of one description.
    private struct Trace {
        /// d − d̄.
        let input: [Float]
        /// h, and the deviation that it was divided by.
        let normed: [Float]
        let deviation: Float
        /// z, `[sites, 88]`.
        let inputs: Matrix
        /// W₁ z + b₁, `[sites, 128]`.
        let before: Matrix
        /// f, `[sites, rank]`.
        let output: Matrix
    }

    /// f of a description, `[sites, rank]`, row-major.
    func callAsFunction(_ embedding: [Float]) -> [Float] { forward(embedding).output.values }

    private func matrix(_ index: Int) -> Matrix {
        Matrix(rows: shapes[index][0], columns: shapes[index][1], values: groups[index].values)
    }

    private func forward(_ embedding: [Float]) -> Trace {
        let input = zip(embedding, centre).map { $0 - $1 }
        var h = Matrix(stacking: [input]).multiplied(by: matrix(0), transposeOther: true).values
        for place in h.indices { h[place] += groups[1].values[place] }
        let mean = h.reduce(0, +) / Float(h.count)
        let variance = h.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(h.count)
        let deviation = (variance + 1e-5).squareRoot()
        let normed = h.map { ($0 - mean) / deviation }
        let (layers, modules) = (matrix(6), matrix(7))
        let inputs = Matrix(
            stacking: places.sites.map { normed + layers.row($0.layer) + modules.row($0.module) })
        let before = DenseLayer(weight: matrix(2), bias: groups[3].values)(inputs)
        let output = DenseLayer(weight: matrix(4), bias: groups[5].values)(SiLU.applied(to: before))
        return Trace(
            input: input, normed: normed, deviation: deviation, inputs: inputs, before: before, output: output
        )
    }

    /// Maps the gradient with respect to f, `[sites, rank]`, to each group.
    func gradient(_ output: [Float], of embedding: [Float]) -> [[Float]] {
        let trace = forward(embedding)
        let output = Matrix(rows: places.sites.count, columns: rank, values: output)
        let after = SiLU.applied(to: trace.before)
        let byWeight2 = output.multiplied(by: after, transposeSelf: true)
        var byBefore = output.multiplied(by: matrix(4))
        for place in byBefore.values.indices {
            byBefore.values[place] *= SiLU.slope(trace.before.values[place])
        }
        let byWeight1 = byBefore.multiplied(by: trace.inputs, transposeSelf: true)
        let byInputs = byBefore.multiplied(by: matrix(2))
        var byNormed = [Float](repeating: 0, count: Self.condition)
        var byLayers = Matrix(rows: shapes[6][0], columns: Self.layer)
        var byModules = Matrix(rows: shapes[7][0], columns: Self.module)
        for (site, place) in places.sites.enumerated() {
            for index in 0..<Self.condition { byNormed[index] += byInputs[site, index] }
            for index in 0..<Self.layer {
                byLayers[place.layer, index] += byInputs[site, Self.condition + index]
            }
            for index in 0..<Self.module {
                byModules[place.module, index] += byInputs[site, Self.condition + Self.layer + index]
            }
        }
        // The layer norm: (g − mean(g) − h·mean(g·h)) / deviation.
        let count = Float(Self.condition)
        let mean = byNormed.reduce(0, +) / count
        let along = zip(byNormed, trace.normed).reduce(0) { $0 + $1.0 * $1.1 } / count
        let byCondition = zip(byNormed, trace.normed).map { ($0 - mean - $1 * along) / trace.deviation }
        let byWeight0 = Matrix(rows: Self.condition, columns: 1, values: byCondition)
            .multiplied(by: Matrix(stacking: [trace.input]))
        return [
            byWeight0.values, byCondition, byWeight1.values, byBefore.columnSums(), byWeight2.values,
            output.columnSums(), byLayers.values, byModules.values,
        ]
    }
}
