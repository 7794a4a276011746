internal import LinearAlgebra

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The embeddings of a library's descriptions, searched by proximity.
///
/// The order of the experts is the caller's and is kept in every answer; equal proximities are ordered by it.
public struct ExpertIndex: Sendable {
    /// The unit embeddings, `[experts, dimension]`.
    private let embeddings: Matrix
    /// The same with the library's mean taken away, and of unit length again.
    private let centred: Matrix
    /// The library's mean embedding.
    private let centre: [Float]

    /// Indexes unit embeddings, all of one dimension.
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

    /// How many experts there are.
    public var count: Int { embeddings.rows }

    /// How many numbers an embedding has.
    public var dimension: Int { embeddings.columns }

    /// The proximity of every expert to a unit embedding of the same dimension, in the experts' order; each in -1...1.
    public func proximities(to embedding: [Float], by measure: ProximityMeasure) -> [Float] {
        guard count > 0 else { return [] }
        precondition(
            embedding.count == dimension, "an embedding of \(embedding.count) numbers, not \(dimension)")
        let rows = measure == .plain ? embeddings : centred
        let query = measure == .plain ? embedding : Self.unit(embedding, minus: centre)
        // One inner product a row: a matrix product's summation order could depend on how many experts there are.
        return rows.values.withUnsafeBufferPointer { rows in
            query.withUnsafeBufferPointer { query in
                guard let rows = rows.baseAddress, let query = query.baseAddress else { return [] }
                return (0..<count).map { row in
                    min(1, max(-1, BLAS.dot(count: dimension, rows + row * dimension, query)))
                }
            }
        }
    }

    /// A vector less the centre, of length 1; zero where nothing is left (a library of one expert is its own centre).
    private static func unit(_ vector: [Float], minus centre: [Float]) -> [Float] {
        var result = zip(vector, centre).map { $0 - $1 }
        let norm = Float(result.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
        guard norm > 1e-6 else { return [Float](repeating: 0, count: result.count) }
        for index in result.indices { result[index] /= norm }
        return result
    }
}
