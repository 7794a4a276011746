internal import ErrorModel
internal import LinearAlgebra

/// The principal directions of some of a span's checkpoints, represented by weights over these.
///
/// U = (X − x̄)ᵀ·C. The weights come from the eigenvectors of the centred Gram matrix (the dual form of
/// principal component analysis), so fitting reads no parameters.
struct SpanBasis: Sendable {
    /// The indices of the checkpoints that it was fitted to, in the span.
    let members: [Int]
    /// C, `[members, k]`.
    let combination: Matrix
    /// x̄, the mean of the members, as weights over the whole span.
    let origin: [Double]
    /// The share of the members' variance that the directions keep, 0...1.
    let explained: Double
    /// CᵀG, `[k, n]`: the coordinates of every checkpoint of the span before ``shift`` is subtracted.
    private let projection: DoubleMatrix
    /// The coordinates of x̄ by ``projection``.
    private let shift: [Double]

    /// k, the number of directions.
    var count: Int { combination.columns }

    /// Fits directions to the members.
    ///
    /// - Parameter limit: the maximum number of directions; fewer are kept if the members span fewer.
    /// - Throws: `trainingFailed` if the members are all alike.
    init(fitting members: [Int], of span: CheckpointSpan, limit: Int) throws(SgloradError) {
        let m = members.count
        let eigen = try SymmetricEigen(Self.centredGram(members, of: span), order: m)
        let total = eigen.values.reduce(0) { $0 + max(0, $1) }
        // Smaller eigenvalues are rounding errors: m centred samples span at most m − 1 directions.
        let floor = (eigen.values.first ?? 0) * 1e-6
        let kept = eigen.values.prefix(limit).prefix { $0 > max(floor, .leastNormalMagnitude) }
        guard !kept.isEmpty, total > 0 else {
            throw SgloradError(
                .trainingFailed,
                "All checkpoints of the library are alike; a generator needs experts that differ. Import other experts "
                    + "with 'sglorad-ctl expert import DIR'.",
                parameters: ["base": .string(""), "reason": .string("all checkpoints are alike")])
        }
        let k = kept.count
        var spread = DoubleMatrix(rows: span.count, columns: k)
        var combination = Matrix(rows: m, columns: k)
        for direction in 0..<k {
            let scale = 1 / kept[direction].squareRoot()
            for (row, place) in members.enumerated() {
                let weight = eigen.vectors[direction][row] * scale
                spread[place, direction] = weight
                combination[row, direction] = Float(weight)
            }
        }
        let projection = spread.multiplied(by: span.gram, transposeSelf: true)
        let origin = span.mean(of: members)
        self.members = members
        self.combination = combination
        self.origin = origin
        self.projection = projection
        shift = Self.apply(projection, to: origin)
        explained = kept.reduce(0, +) / total
    }

    /// The coordinates of a point given as weights over the whole span, which sum to 1.
    func coordinates(of weights: [Double]) -> [Float] {
        zip(Self.apply(projection, to: weights), shift).map { Float($0 - $1) }
    }

    /// The coordinates of one checkpoint of the span.
    func coordinates(ofCheckpoint place: Int) -> [Float] {
        (0..<count).map { Float(projection[$0, place] - shift[$0]) }
    }

    /// U y as weights over the whole span, which sum to 0.
    func weights(of y: [Float]) -> [Double] {
        var result = [Double](repeating: 0, count: origin.count)
        for (row, place) in members.enumerated() {
            for direction in 0..<count { result[place] += Double(combination[row, direction] * y[direction]) }
        }
        return result
    }

    private static func apply(_ matrix: DoubleMatrix, to weights: [Double]) -> [Double] {
        matrix.multiplied(by: DoubleMatrix(rows: weights.count, columns: 1, values: weights)).values
    }

    /// The members' inner products after subtracting their mean, `[members, members]`.
    private static func centredGram(_ members: [Int], of span: CheckpointSpan) -> [Double] {
        let m = members.count
        var gram = [Double](repeating: 0, count: m * m)
        for (row, first) in members.enumerated() {
            for (column, second) in members.enumerated() { gram[row * m + column] = span.gram[first, second] }
        }
        let means = (0..<m).map { row in gram[row * m..<(row + 1) * m].reduce(0, +) / Double(m) }
        let mean = means.reduce(0, +) / Double(max(1, m))
        for row in 0..<m {
            for column in 0..<m { gram[row * m + column] += mean - means[row] - means[column] }
        }
        return gram
    }
}
