internal import LinearAlgebra

/// The principal directions of a library's checkpoints: x ≈ x̄ + U y, with y of k coordinates.
///
/// All training targets lie in the span of the library, so the generator works in k coordinates and U is its
/// last layer.
struct PrincipalCoordinates: Sendable {
    /// x̄: the mean of all checkpoints, D values.
    let origin: FloatVector
    /// U, `[D, k]`, row-major, with orthonormal columns; making an adapter reads it once, sequentially.
    let directions: FloatStream
    /// k, the number of directions.
    let count: Int
    /// The share of the checkpoints' variance that the directions keep, 0...1.
    let explained: Double

    /// Adds U y to D parameters, in place.
    func add(_ y: [Float], to parameters: inout [Float]) {
        precondition(y.count == count && parameters.count == origin.count, "shapes differ")
        Self.add(y, along: directions, to: &parameters)
    }

    /// Adds U y to D parameters, in place; U is `[D, y.count]`.
    static func add(_ y: [Float], along directions: FloatStream, to parameters: inout [Float]) {
        let count = y.count
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

extension PrincipalCoordinates {
    /// The coordinates of a basis: x̄ is computed at once, the directions lazily as they are read.
    init(_ basis: SpanBasis, of span: CheckpointSpan) {
        let stretches = CheckpointStretches(basis.members.map { span.vectors[$0] })
        let combination = basis.combination
        self.init(
            origin: span.origin(of: basis.members),
            directions: .made(
                rows: stretches.parameterCount, of: basis.count,
                atOnce: min(stretches.length, max(1, (1 << 20) / basis.count))
            ) { rows, target in
                // Rows of U = (X − x̄)ᵀ·C.
                stretches.with(rows) { block, _ in
                    BLAS.gemm(
                        m: rows.count, n: combination.columns, k: combination.rows, a: block,
                        lda: stretches.length, transposeA: true, b: combination.values,
                        ldb: combination.columns, c: target, ldc: combination.columns)
                }
            },
            count: basis.count, explained: basis.explained)
    }
}
