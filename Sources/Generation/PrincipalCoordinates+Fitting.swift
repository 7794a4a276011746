internal import LinearAlgebra

extension PrincipalCoordinates {
    /// The coordinates of a basis in D numbers: x̄ is formed at once, the directions are made as they are asked for.
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
