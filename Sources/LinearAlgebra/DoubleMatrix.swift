internal import COpenBLAS

/// A dense, row-major matrix of double-precision numbers, `[rows, columns]`, for small systems and inner products.
public struct DoubleMatrix: Sendable, Equatable {
    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int
    /// The numbers, row after row; `rows * columns` of them.
    public var values: [Double]

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, values: [Double](repeating: 0, count: rows * columns))
    }

    /// A matrix over given numbers, of which there must be `rows * columns`.
    public init(rows: Int, columns: Int, values: [Double]) {
        precondition(
            values.count == rows * columns, "a matrix [\(rows), \(columns)] over \(values.count) numbers")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// A matrix over single-precision numbers, of which there must be `rows * columns`.
    public init(rows: Int, columns: Int, floats: UnsafeBufferPointer<Float>) {
        self.init(rows: rows, columns: columns, values: floats.map(Double.init))
    }

    /// A matrix whose columns are the given vectors, all of `rows` numbers.
    public init(rows: Int, joining columns: [[Double]]) {
        self.init(rows: rows, columns: columns.count)
        for (column, vector) in columns.enumerated() {
            for row in 0..<rows { self[row, column] = vector[row] }
        }
    }

    /// The identity.
    public static func identity(_ order: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: order, columns: order)
        for index in 0..<order { result[index, index] = 1 }
        return result
    }

    /// One number.
    public subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    /// The transpose.
    public var transposed: DoubleMatrix {
        var result = DoubleMatrix(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { result[column, row] = self[row, column] }
        }
        return result
    }

    /// The sum of the squares of all numbers.
    public var squaredNorm: Double { values.reduce(0) { $0 + $1 * $1 } }

    /// op(self)·op(other), where each op is the transpose if asked for.
    public func multiplied(
        by other: DoubleMatrix, transposeSelf: Bool = false, transposeOther: Bool = false
    ) -> DoubleMatrix {
        let m = transposeSelf ? columns : rows
        let k = transposeSelf ? rows : columns
        let n = transposeOther ? other.rows : other.columns
        precondition(k == (transposeOther ? other.columns : other.rows), "inner dimensions differ")
        var result = DoubleMatrix(rows: m, columns: n)
        guard m > 0, n > 0, k > 0 else { return result }
        BLAS.useOneThread()
        cblas_dgemm(
            CblasRowMajor, transposeSelf ? CblasTrans : CblasNoTrans,
            transposeOther ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, values,
            blasint(columns), other.values, blasint(other.columns), 0, &result.values, blasint(n))
        return result
    }

    /// The matrix with each row multiplied by a factor of its own.
    public func scalingRows(by factors: [Double]) -> DoubleMatrix {
        precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
        var result = self
        for row in 0..<rows {
            for column in 0..<columns { result[row, column] *= factors[row] }
        }
        return result
    }

    /// The matrix with each column multiplied by a factor of its own.
    public func scalingColumns(by factors: [Double]) -> DoubleMatrix {
        precondition(factors.count == columns, "\(factors.count) factors for \(columns) columns")
        var result = self
        for row in 0..<rows {
            for column in 0..<columns { result[row, column] *= factors[column] }
        }
        return result
    }
}
