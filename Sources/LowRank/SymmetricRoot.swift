internal import ErrorModel
internal import LinearAlgebra

/// The factorisation S = F·Fᵀ of a Gram matrix, restricted to the directions in which it is not zero.
struct SymmetricRoot: Sendable {
    /// The square roots of the eigenvalues that are kept, largest first.
    let roots: [Double]
    /// Their eigenvectors, `[order, rank]`.
    let vectors: DoubleMatrix

    /// Decomposes a Gram matrix; directions whose root is at most `tolerance` times the largest are dropped.
    init(_ gram: DoubleMatrix, tolerance: Double) throws(SgloradError) {
        let eigen = try SymmetricEigen(gram.values, order: gram.rows)
        let largest = max(eigen.values.first ?? 0, 0).squareRoot()
        let kept = eigen.values.map { max($0, 0).squareRoot() }.prefix { $0 > tolerance * largest }
        roots = Array(kept)
        vectors = DoubleMatrix(rows: gram.rows, joining: Array(eigen.vectors.prefix(kept.count)))
    }

    var rank: Int { roots.count }

    /// F, `[order, rank]`.
    var factor: DoubleMatrix { vectors.scalingColumns(by: roots) }

    /// F⁺, `[rank, order]`.
    var inverseFactor: DoubleMatrix { vectors.scalingColumns(by: roots.map { 1 / $0 }).transposed }

    /// S^½, `[order, order]`.
    var symmetric: DoubleMatrix { factor.multiplied(by: vectors, transposeOther: true) }

    /// S^-½ on the directions that are kept, `[order, order]`.
    var symmetricInverse: DoubleMatrix {
        vectors.scalingColumns(by: roots.map { 1 / $0 }).multiplied(by: vectors, transposeOther: true)
    }
}

/// The singular value decomposition X = U·diag(s)·Vᵀ of a small matrix with at most as many rows as columns.
struct SmallSVD: Sendable {
    /// The singular values, largest first, one for each row.
    let values: [Double]
    /// U, `[rows, rows]`.
    let left: DoubleMatrix
    /// V, `[columns, rows]`, with orthonormal columns; those of zero singular values are arbitrary.
    let right: DoubleMatrix

    init(_ matrix: DoubleMatrix) throws(SgloradError) {
        precondition(matrix.rows <= matrix.columns, "\(matrix.rows) rows and \(matrix.columns) columns")
        let eigen = try SymmetricEigen(
            matrix.multiplied(by: matrix, transposeOther: true).values, order: matrix.rows)
        values = eigen.values.map { max($0, 0).squareRoot() }
        left = DoubleMatrix(rows: matrix.rows, joining: eigen.vectors)
        let images = matrix.multiplied(by: left, transposeSelf: true)
        var columns: [[Double]] = []
        for index in values.indices {
            var column = (0..<images.rows).map { images[$0, index] }
            if values[index] <= 1e-6 * max(values[0], 1e-300) || !Self.normalise(&column, against: columns) {
                column = Self.unitVector(of: images.rows, against: columns)
            }
            columns.append(column)
        }
        right = DoubleMatrix(rows: matrix.columns, joining: columns)
    }

    /// Removes the components along `others` and scales the rest to length 1 (one step of Gram–Schmidt);
    /// false if nothing is left.
    private static func normalise(_ vector: inout [Double], against others: [[Double]]) -> Bool {
        let before = vector.reduce(0) { $0 + $1 * $1 }
        for other in others {
            let part = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
            for index in vector.indices { vector[index] -= part * other[index] }
        }
        let left = vector.reduce(0) { $0 + $1 * $1 }
        guard left > 1e-6 * before, left > 0 else { return false }
        for index in vector.indices { vector[index] /= left.squareRoot() }
        return true
    }

    /// A direction orthogonal to `others`, made from the unit vector that they cover least.
    private static func unitVector(of count: Int, against others: [[Double]]) -> [Double] {
        let covered = (0..<count).map { index in others.reduce(0) { $0 + $1[index] * $1[index] } }
        let place = covered.indices.min { covered[$0] < covered[$1] } ?? 0
        var vector = [Double](repeating: 0, count: count)
        if place < count { vector[place] = 1 }
        _ = normalise(&vector, against: others)
        return vector
    }
}
