internal import LinearAlgebra

extension PrincipalCoordinates {
    /// The coordinates of a basis in D numbers: x̄ is formed at once, the directions are made as they are asked for.
    init(_ basis: SpanBasis, of span: CheckpointSpan) {
        let members = basis.members.map { span.vectors[$0] }
        let origin = span.origin(of: basis.members)
        self.init(
            origin: origin,
            directions: .made(
                rows: origin.count, of: basis.count,
                atOnce: min(CheckpointStretches(members).length, max(1, (1 << 20) / basis.count)),
                fill: Self.directions(members, origin: origin, combination: basis.combination)),
            count: basis.count, explained: basis.explained)
    }

    /// Rows of U = (X − x̄)ᵀ·C.
    private static func directions(
        _ members: [FloatVector], origin: FloatVector, combination: Matrix
    ) -> @Sendable (Range<Int>, UnsafeMutablePointer<Float>) -> Void {
        { rows, target in
            var block = [Float](repeating: 0, count: members.count * rows.count)
            block.withUnsafeMutableBufferPointer { block in
                guard let block = block.baseAddress else { return }
                origin[rows].withUnsafeBufferPointer { origin in
                    for (row, member) in members.enumerated() {
                        let part = member[rows]
                        part.withUnsafeBufferPointer { numbers in
                            for index in 0..<rows.count {
                                block[row * rows.count + index] = numbers[index] - origin[index]
                            }
                        }
                        if 4 * member.count > FloatVector.residentLimit { part.release() }
                    }
                }
                BLAS.gemm(
                    m: rows.count, n: combination.columns, k: members.count, a: block, lda: rows.count,
                    transposeA: true, b: combination.values, ldb: combination.columns, c: target,
                    ldc: combination.columns)
            }
        }
    }
}
