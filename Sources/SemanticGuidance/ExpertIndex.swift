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
    /// The unit embeddings.
    let rows: EmbeddingRows
    /// The library's mean embedding.
    let centre: [Float]
    /// The length of each embedding minus ``centre``.
    let lengths: [Float]
    /// The inner product of each embedding and ``centre``.
    let shares: [Float]

    /// Indexes unit embeddings, which must all have the same dimension.
    public init(embeddings: [[Float]]) {
        self.init(EmbeddingRows(embeddings))
    }

    /// Indexes unit embeddings where they lie.
    public init(_ rows: EmbeddingRows) {
        self.rows = rows
        centre = Self.centre(of: rows)
        lengths = Self.lengths(of: rows, minus: centre)
        shares = Self.products(of: rows, and: centre)
    }

    /// The number of experts.
    public var count: Int { rows.count }

    /// The length of an embedding.
    public var dimension: Int { rows.dimension }

    /// The proximity of every expert to a unit embedding of the index's dimension, in the experts' order,
    /// each in -1...1.
    public func proximities(to embedding: [Float], by measure: ProximityMeasure) -> [Float] {
        guard count > 0 else { return [] }
        let query = ProximityQuery(embedding, in: self)
        return rows.withVectors { vector in
            (0..<count).map { expert in
                switch measure {
                case .plain: query.plain(vector(expert))
                case .centred: query.centred(vector(expert), expert)
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
        search(embedding, by: options.measure, count: options.topK, excluding: excluded)
            .neighbourhood(options)
    }

    /// The mean, added up in the experts' order.
    private static func centre(of rows: EmbeddingRows) -> [Float] {
        var centre = [Float](repeating: 0, count: rows.dimension)
        let count = Float(rows.count)
        centre.withUnsafeMutableBufferPointer { centre in
            rows.withVectors { vector in
                for expert in 0..<rows.count {
                    let embedding = vector(expert)
                    for index in centre.indices { centre[index] += embedding[index] / count }
                }
            }
        }
        return centre
    }

    private static func products(of rows: EmbeddingRows, and centre: [Float]) -> [Float] {
        centre.withUnsafeBufferPointer { centre in
            rows.withVectors { vector in
                guard let centre = centre.baseAddress else { return [] }
                return (0..<rows.count).map { BLAS.dot(count: rows.dimension, vector($0), centre) }
            }
        }
    }

    /// The lengths of the embeddings minus the mean, each added up in order and in double precision; four side by side,
    /// because one sum alone waits for each of its additions.
    private static func lengths(of rows: EmbeddingRows, minus centre: [Float]) -> [Float] {
        var lengths = [Float](repeating: 0, count: rows.count)
        let last = rows.count - 1
        centre.withUnsafeBufferPointer { centre in
            rows.withVectors { vector in
                for first in stride(from: 0, to: rows.count, by: 4) {
                    let (a, b) = (vector(first), vector(min(first + 1, last)))
                    let (c, d) = (vector(min(first + 2, last)), vector(min(first + 3, last)))
                    var sums = SIMD4<Double>()
                    for index in centre.indices {
                        let difference = SIMD4<Double>(
                            SIMD4(a[index], b[index], c[index], d[index]) - centre[index])
                        sums += difference * difference
                    }
                    for place in 0..<min(4, rows.count - first) {
                        lengths[first + place] = Float(sums[place].squareRoot())
                    }
                }
            }
        }
        return lengths
    }
}

/// An intent's embedding, ready to be compared with those of an index.
struct ProximityQuery {
    private let dimension: Int
    private let embedding: [Float]
    private let lengths: [Float]
    private let centre: [Float]
    private let shares: [Float]
    /// The length of the embedding minus the centre.
    private let length: Float
    /// The embedding minus the centre, scaled to length 1.
    private let direction: [Float]
    /// The inner product of ``direction`` and the centre.
    private let offset: Float

    init(_ embedding: [Float], in index: ExpertIndex) {
        precondition(
            embedding.count == index.dimension,
            "the embedding has \(embedding.count) components, the index has \(index.dimension)")
        self.embedding = embedding
        dimension = index.dimension
        (centre, lengths, shares) = (index.centre, index.lengths, index.shares)
        let square = zip(embedding, index.centre).reduce(0.0) { sum, pair in
            let value = Double(pair.0 - pair.1)
            return sum + value * value
        }
        let length = Float(square.squareRoot())
        self.length = length
        direction = embedding.withUnsafeBufferPointer {
            Self.unit($0.baseAddress, minus: index.centre, length: length)
        }
        offset = Float(zip(direction, centre).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
    }

    /// The cosine of an expert's embedding, in -1...1.
    func plain(_ row: UnsafePointer<Float>) -> Float { Self.cosine(product(row)) }

    /// The inner product of an expert's embedding and the intent's.
    @inline(__always)
    func product(_ row: UnsafePointer<Float>) -> Float {
        // One inner product per row: the summation order of a matrix product could depend on the number of experts.
        embedding.withUnsafeBufferPointer { query in
            query.baseAddress.map { BLAS.dot(count: dimension, row, $0) } ?? 0
        }
    }

    /// An inner product of unit vectors without what rounding adds to it.
    @inline(__always)
    static func cosine(_ product: Float) -> Float { min(1, max(-1, product)) }

    /// The cosine of an expert's embedding after the centre was subtracted, in -1...1.
    func centred(_ row: UnsafePointer<Float>, _ expert: Int) -> Float {
        let unit = Self.unit(row, minus: centre, length: lengths[expert])
        return unit.withUnsafeBufferPointer { unit in
            direction.withUnsafeBufferPointer { direction in
                guard let x = unit.baseAddress, let y = direction.baseAddress else { return 0 }
                return min(1, max(-1, BLAS.dot(count: dimension, x, y)))
            }
        }
    }

    /// Bounds of ``centred(_:_:)`` from the inner product of the expert's embedding and the intent's, without reading the
    /// embedding again: (e - c) · (q - c) = e · q - e · c - c · (q - c).
    @inline(__always)
    func boundsOfCentred(_ expert: Int, product: Float) -> ClosedRange<Float> {
        let own = lengths[expert]
        guard own > Self.shortest, length > Self.shortest else { return 0...0 }
        let estimate = ((product - shares[expert]) / length - offset) / own
        // Rounding in the inner products of unit vectors, at most one unit in the last place for each addition.
        let slack = Float(dimension) * 1.2e-7 * (1 + (1 + 2 / length) / own)
        return max(-1, min(1, estimate - slack))...max(-1, min(1, estimate + slack))
    }

    /// The length below which nothing is left of an embedding (a library of one expert is its own centre).
    private static let shortest: Float = 1e-6

    /// `row - centre`, scaled to length 1; zero if nothing is left.
    private static func unit(
        _ row: UnsafePointer<Float>?, minus centre: [Float], length: Float
    ) -> [Float] {
        guard length > shortest, let row else { return [Float](repeating: 0, count: centre.count) }
        return [Float](unsafeUninitializedCapacity: centre.count) { result, count in
            for index in centre.indices {
                result.initializeElement(at: index, to: (row[index] - centre[index]) / length)
            }
            count = centre.count
        }
    }
}
