internal import LinearAlgebra

/// How the proximity of an intent to an expert's task is measured.
public enum ProximityMeasure: String, Sendable, Hashable, Codable, CaseIterable {
    /// The cosine of the two embeddings, as in SG-LoRA (arXiv 2509.10535).
    case plain
    /// The cosine after the library's mean embedding has been subtracted from both.
    ///
    /// The descriptions of one library resemble each other ("Match definitions of …"). What they share says
    /// nothing about which expert is nearest.
    case centred
}

/// The embeddings of a library's descriptions, searched by proximity.
///
/// Results are in the caller's order of experts. Equal proximities are ordered by it.
public struct ExpertIndex: Sendable {
    /// The unit embeddings, `[experts, dimension]`.
    private let embeddings: Matrix
    /// The embeddings minus ``centre``, renormalised to unit length, `[experts, dimension]`.
    private let centred: Matrix
    /// The library's mean embedding.
    private let centre: [Float]

    /// Indexes unit embeddings, which must all have the same dimension.
    public init(embeddings: [[Float]]) {
        let dimension = embeddings.first?.count ?? 0
        var centre = [Float](repeating: 0, count: dimension)
        for embedding in embeddings {
            for index in centre.indices { centre[index] += embedding[index] / Float(embeddings.count) }
        }
        self.centre = centre
        self.embeddings = Matrix(stacking: embeddings)
        self.centred = Matrix(stacking: embeddings.map { Self.unit($0, minus: centre) })
    }

    /// The number of experts.
    public var count: Int { embeddings.rows }

    /// The length of an embedding.
    public var dimension: Int { embeddings.columns }

    /// The proximity of every expert to a unit embedding of the index's dimension, in the experts' order,
    /// each in -1...1.
    public func proximities(to embedding: [Float], by measure: ProximityMeasure) -> [Float] {
        guard count > 0 else { return [] }
        precondition(
            embedding.count == dimension,
            "the embedding has \(embedding.count) components, the index has \(dimension)")
        let rows = measure == .plain ? embeddings : centred
        let query = measure == .plain ? embedding : Self.unit(embedding, minus: centre)
        // One inner product per row: the summation order of a matrix product could depend on the number of
        // experts.
        return rows.values.withUnsafeBufferPointer { rows in
            query.withUnsafeBufferPointer { query in
                guard let rows = rows.baseAddress, let query = query.baseAddress else { return [] }
                return (0..<count).map { row in
                    min(1, max(-1, BLAS.dot(count: dimension, rows + row * dimension, query)))
                }
            }
        }
    }

    /// The experts that guide an intent.
    ///
    /// - Parameters:
    ///   - embedding: the unit embedding of the intent.
    ///   - options: K, τ and the proximity measure.
    ///   - excluded: indices of experts that must not guide.
    public func neighbourhood(
        of embedding: [Float], options: GuidanceOptions, excluding excluded: Set<Int> = []
    ) -> Neighbourhood {
        Neighbourhood(
            proximities: proximities(to: embedding, by: options.measure), options: options,
            excluding: excluded)
    }

    /// `vector - centre`, scaled to length 1; zero if nothing is left (a library of one expert is its own
    /// centre).
    private static func unit(_ vector: [Float], minus centre: [Float]) -> [Float] {
        var result = zip(vector, centre).map { $0 - $1 }
        let norm = Float(result.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
        guard norm > 1e-6 else { return [Float](repeating: 0, count: result.count) }
        for index in result.indices { result[index] /= norm }
        return result
    }
}
