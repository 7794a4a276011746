internal import COpenBLAS
public import ErrorModel

/// The eigendecomposition of a real symmetric matrix, largest eigenvalue first.
public struct SymmetricEigen: Sendable {
    /// The eigenvalues, in descending order.
    public let values: [Double]
    /// The unit eigenvectors, one for each entry of ``values``.
    ///
    /// The component of largest magnitude is made positive, so that the decomposition is a function of the
    /// matrix alone.
    public let vectors: [[Double]]

    /// Decomposes a matrix by divide and conquer (LAPACK's `dsyevd`).
    ///
    /// - Parameters:
    ///   - matrix: `order * order` numbers, symmetric.
    ///   - order: at most 32,766, because LAPACK counts its workspace of 2·order² numbers in 32 bits.
    /// - Throws: `internal` if the order is larger, the matrix holds NaN or infinity, or LAPACK does not
    ///   converge.
    public init(_ matrix: [Double], order: Int) throws(SgloradError) {
        precondition(matrix.count == order * order, "a matrix of order \(order) with \(matrix.count) numbers")
        guard order > 0 else {
            values = []
            vectors = []
            return
        }
        guard order <= 32_766 else {
            throw .internal(
                "cannot decompose a matrix of order \(order); the largest supported order is 32766")
        }
        guard matrix.allSatisfy(\.isFinite) else {
            throw .internal("cannot decompose a matrix of order \(order) that holds NaN or infinity")
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
                "the eigendecomposition of a matrix of order \(order) did not converge (LAPACK info \(info))")
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
