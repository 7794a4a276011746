/// A dense, row-major matrix of single-precision numbers, `[rows, columns]`.
public struct Matrix: Sendable, Equatable {
    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int
    /// The numbers, row after row; `rows * columns` of them.
    public var values: [Float]

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, values: [Float](repeating: 0, count: rows * columns))
    }

    /// A matrix over given numbers, of which there must be `rows * columns`.
    public init(rows: Int, columns: Int, values: [Float]) {
        precondition(
            values.count == rows * columns, "a matrix [\(rows), \(columns)] over \(values.count) numbers")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// A matrix whose rows are the given vectors, all of one length.
    public init(stacking vectors: [[Float]]) {
        self.init(
            rows: vectors.count, columns: vectors.first?.count ?? 0, values: vectors.flatMap(\.self))
    }

    /// One row, as a vector of `columns` numbers.
    public func row(_ index: Int) -> [Float] {
        Array(values[index * columns..<(index + 1) * columns])
    }

    /// One number.
    public subscript(row: Int, column: Int) -> Float {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    /// op(self)·op(other), where each op is the transpose if asked for.
    public func multiplied(by other: Matrix, transposeSelf: Bool = false, transposeOther: Bool = false)
        -> Matrix
    {
        let m = transposeSelf ? columns : rows
        let k = transposeSelf ? rows : columns
        let n = transposeOther ? other.rows : other.columns
        precondition(k == (transposeOther ? other.columns : other.rows), "inner dimensions differ")
        var result = Matrix(rows: m, columns: n)
        result.values.withUnsafeMutableBufferPointer { c in
            values.withUnsafeBufferPointer { a in
                other.values.withUnsafeBufferPointer { b in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    BLAS.gemm(
                        m: m, n: n, k: k, a: a, lda: columns, transposeA: transposeSelf, b: b,
                        ldb: other.columns,
                        transposeB: transposeOther, c: c, ldc: n)
                }
            }
        }
        return result
    }
}
