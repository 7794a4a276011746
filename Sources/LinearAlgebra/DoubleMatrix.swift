internal import COpenBLAS

/// A matrix of double-precision numbers, for small systems and inner products.
public typealias DoubleMatrix = DenseMatrix<Double>

extension DenseMatrix<Double> {
    /// Creates a matrix over `rows * columns` single-precision numbers, row after row.
    public init(rows: Int, columns: Int, floats: UnsafeBufferPointer<Float>) {
        self.init(rows: rows, columns: columns, values: floats.map(Double.init))
    }

    /// Creates a matrix whose columns are the given vectors, each of `rows` numbers.
    public init(rows: Int, joining columns: [[Double]]) {
        self.init(rows: rows, columns: columns.count)
        for (column, vector) in columns.enumerated() {
            for row in 0..<rows { self[row, column] = vector[row] }
        }
    }

    public static func identity(_ order: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: order, columns: order)
        for index in 0..<order { result[index, index] = 1 }
        return result
    }

    public var transposed: DoubleMatrix {
        var result = DoubleMatrix(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { result[column, row] = self[row, column] }
        }
        return result
    }

    /// The square of the Frobenius norm.
    public var squaredNorm: Double { values.reduce(0) { $0 + $1 * $1 } }

    /// op(self)·op(other), where each op is the identity or the transpose.
    public func multiplied(
        by other: DoubleMatrix, transposeSelf: Bool = false, transposeOther: Bool = false
    ) -> DoubleMatrix {
        let (m, n, k) = productDimensions(
            with: other, transposeSelf: transposeSelf, transposeOther: transposeOther)
        var result = DoubleMatrix(rows: m, columns: n)
        guard m > 0, n > 0, k > 0 else { return result }
        BLAS.useOneThread()
        cblas_dgemm(
            CblasRowMajor, transposeSelf ? CblasTrans : CblasNoTrans,
            transposeOther ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, values,
            blasint(columns), other.values, blasint(other.columns), 0, &result.values, blasint(n))
        return result
    }

    /// diag(factors)·self: each row multiplied by a factor of its own.
    public func scalingRows(by factors: [Double]) -> DoubleMatrix {
        precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
        return scaled { row, _ in factors[row] }
    }

    /// self·diag(factors): each column multiplied by a factor of its own.
    public func scalingColumns(by factors: [Double]) -> DoubleMatrix {
        precondition(factors.count == columns, "\(factors.count) factors for \(columns) columns")
        return scaled { _, column in factors[column] }
    }

    @inline(__always)
    private func scaled(by factor: (Int, Int) -> Double) -> DoubleMatrix {
        var result = self
        for row in 0..<rows {
            for column in 0..<columns { result[row, column] *= factor(row, column) }
        }
        return result
    }
}
