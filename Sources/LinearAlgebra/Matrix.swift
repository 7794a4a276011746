/// A dense, row-major matrix, `[rows, columns]`.
@frozen
public struct DenseMatrix<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Equatable {
    public let rows: Int
    public let columns: Int
    /// The elements, row after row: `rows * columns` of them.
    public var values: [Scalar]

    /// Creates a matrix of zeros.
    @inlinable
    public init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, values: [Scalar](repeating: 0, count: rows * columns))
    }

    /// Creates a matrix over `rows * columns` elements, row after row.
    @inlinable
    public init(rows: Int, columns: Int, values: [Scalar]) {
        precondition(
            values.count == rows * columns, "a matrix [\(rows), \(columns)] of \(values.count) elements")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    @inlinable
    public subscript(row: Int, column: Int) -> Scalar {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    /// The dimensions of op(self)·op(other): op(self) is `[m, k]` and the product `[m, n]`.
    ///
    /// Traps if the inner dimensions differ.
    func productDimensions(
        with other: DenseMatrix, transposeSelf: Bool, transposeOther: Bool
    ) -> (m: Int, n: Int, k: Int) {
        let k = transposeSelf ? rows : columns
        precondition(k == (transposeOther ? other.columns : other.rows), "inner dimensions differ")
        return (transposeSelf ? columns : rows, transposeOther ? other.rows : other.columns, k)
    }
}

/// A matrix of single-precision numbers: parameters, activations and embeddings.
public typealias Matrix = DenseMatrix<Float>

extension DenseMatrix<Float> {
    /// Creates a matrix whose rows are the given vectors, all of one length.
    public init(stacking vectors: [[Float]]) {
        self.init(
            rows: vectors.count, columns: vectors.first?.count ?? 0, values: vectors.flatMap(\.self))
    }

    /// One row, as a vector of `columns` numbers.
    public func row(_ index: Int) -> [Float] {
        Array(values[index * columns..<(index + 1) * columns])
    }

    /// op(self)·op(other), where each op is the identity or the transpose.
    public func multiplied(
        by other: Matrix, transposeSelf: Bool = false, transposeOther: Bool = false
    ) -> Matrix {
        let (m, n, k) = productDimensions(
            with: other, transposeSelf: transposeSelf, transposeOther: transposeOther)
        var result = Matrix(rows: m, columns: n)
        result.values.withUnsafeMutableBufferPointer { c in
            values.withUnsafeBufferPointer { a in
                other.values.withUnsafeBufferPointer { b in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    BLAS.gemm(
                        m: m, n: n, k: k, a: a, lda: columns, transposeA: transposeSelf, b: b,
                        ldb: other.columns, transposeB: transposeOther, c: c, ldc: n)
                }
            }
        }
        return result
    }
}
