internal import COpenBLAS
public import ErrorModel

/// Eigenvalues and eigenvectors of a real symmetric matrix, largest first.
public struct SymmetricEigen: Sendable {
    /// The eigenvalues, descending.
    public let values: [Double]
    /// The unit eigenvectors, one per entry of ``values``, each of the matrix's order.
    ///
    /// Each one's sign is fixed so that its component of largest magnitude is positive: a decomposition is a
    /// function of the matrix alone.
    public let vectors: [[Double]]

    /// Decomposes a matrix by LAPACK's divide and conquer (`dsyevd`).
    ///
    /// - Parameters:
    ///   - matrix: `order * order` numbers, symmetric; row- or column-major are the same.
    ///   - order: how many rows, at most 32,766: LAPACK counts its workspace of 2·order² numbers in 32 bits.
    /// - Throws: `SgloradError` with code `internal` if the order is above that, the matrix holds NaN or Inf,
    ///   or LAPACK does not converge.
    public init(_ matrix: [Double], order: Int) throws(SgloradError) {
        precondition(matrix.count == order * order, "an order of \(order) over \(matrix.count) numbers")
        guard order > 0 else {
            values = []
            vectors = []
            return
        }
        guard order <= 32_766 else {
            throw .internal("a matrix of order \(order) is too large to be decomposed")
        }
        guard matrix.allSatisfy(\.isFinite) else {
            throw .internal("a matrix of order \(order) holds NaN or Inf and has no eigenvalues")
        }
        var a = matrix
        var w = [Double](repeating: 0, count: order)
        var n = CInt(order)
        var info: CInt = 0
        var lwork = CInt(1 + 6 * order + 2 * order * order)
        var liwork = CInt(3 + 5 * order)
        var work = [Double](repeating: 0, count: Int(lwork))
        var iwork = [CInt](repeating: 0, count: Int(liwork))
        dsyevd_("V", "L", &n, &a, &n, &w, &work, &lwork, &iwork, &liwork, &info)
        guard info == 0 else {
            throw .internal(
                "the eigenvalues of a matrix of order \(order) did not converge (LAPACK info \(info))")
        }
        values = w.reversed()
        vectors = (0..<order).reversed().map { column in
            var vector = Array(a[column * order..<(column + 1) * order])
            var peak = 0
            for index in vector.indices where abs(vector[index]) > abs(vector[peak]) { peak = index }
            if vector[peak] < 0 { for index in vector.indices { vector[index].negate() } }
            return vector
        }
    }
}
