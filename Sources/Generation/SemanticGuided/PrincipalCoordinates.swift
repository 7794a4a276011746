internal import LinearAlgebra

/// The directions in which a library's checkpoints vary most: x ≈ x̄ + U y, with y of k numbers.
///
/// All training targets lie in the span of the library, so the generator works in k coordinates and its last layer is U.
struct PrincipalCoordinates: Sendable {
    /// x̄: the mean of all checkpoints, D numbers.
    let origin: FloatVector
    /// U, `[D, k]`, row-major, with orthonormal columns: one sequential pass over it makes an adapter.
    let directions: FloatStream
    /// k: how many directions there are.
    let count: Int
    /// The share of the checkpoints' variance that the directions keep, 0...1.
    let explained: Double

    /// Adds U y to D numbers.
    func add(_ y: [Float], to parameters: inout [Float]) {
        precondition(y.count == count && parameters.count == origin.count, "shapes differ")
        parameters.withUnsafeMutableBufferPointer { parameters in
            guard let target = parameters.baseAddress else { return }
            directions.forEachStretch(ofRows: count) { start, rows in
                guard let u = rows.baseAddress else { return }
                BLAS.gemv(
                    rows: rows.count / count, columns: count, a: u, x: y, beta: 1, y: target + start / count)
            }
        }
    }
}
