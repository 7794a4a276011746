public import ErrorModel
public import LinearAlgebra

extension PrincipalCoordinates {
    /// Fits coordinates to samples by the eigenvectors of their Gram matrix, `[n, n]`; nothing of D × D is ever formed.
    ///
    /// - Parameters:
    ///   - samples: n vectors of D numbers; at least two that differ.
    ///   - limit: the most directions; fewer are kept where the samples span fewer.
    /// - Throws: `trainingFailed` if the samples are all alike.
    public init(fitting samples: [FloatVector], limit: Int) throws(SgloradError) {
        let parameterCount = samples.first?.count ?? 0
        let origin = Self.mean(of: samples)
        let n = samples.count
        var gram = [Double](repeating: 0, count: n * n)
        var product = [Float](repeating: 0, count: n * n)
        Self.forEachBlock(samples, origin: origin) { block, length, _ in
            BLAS.gemm(
                m: n, n: n, k: length, a: block, lda: Self.block, b: block, ldb: Self.block, transposeB: true,
                c: &product, ldc: n)
            for index in gram.indices { gram[index] += Double(product[index]) }
        }
        guard gram.allSatisfy(\.isFinite) else {
            throw SgloradError(
                .trainingFailed,
                "The experts' parameters are too large to be compared: their squares overflow. Import experts whose "
                    + "parameters are of an ordinary size.",
                parameters: ["base": .string(""), "reason": .string("the parameters overflow")])
        }
        let eigen = try SymmetricEigen(gram, order: n)
        let total = eigen.values.reduce(0) { $0 + max(0, $1) }
        // Beneath this an eigenvalue is rounding error: n centred samples span n − 1 directions at the most.
        let floor = (eigen.values.first ?? 0) * 1e-6
        let kept = eigen.values.prefix(limit).prefix { $0 > max(floor, .leastNormalMagnitude) }
        guard !kept.isEmpty, total > 0 else {
            throw SgloradError(
                .trainingFailed,
                "All checkpoints of the library are alike; a generator needs experts that differ.",
                parameters: ["base": .string(""), "reason": .string("all checkpoints are alike")])
        }
        let k = kept.count
        var combination = [Float](repeating: 0, count: n * k)
        for direction in 0..<k {
            for sample in 0..<n {
                combination[sample * k + direction] = Float(
                    eigen.vectors[direction][sample] / kept[direction].squareRoot())
            }
        }
        var directions = [Float](repeating: 0, count: parameterCount * k)
        directions.withUnsafeMutableBufferPointer { directions in
            guard let target = directions.baseAddress else { return }
            Self.forEachBlock(samples, origin: origin) { block, length, start in
                BLAS.gemm(
                    m: length, n: k, k: n, a: block, lda: Self.block, transposeA: true, b: combination,
                    ldb: k,
                    c: target + start * k, ldc: k)
            }
        }
        self.init(
            origin: FloatVector(origin), directions: FloatVector(directions), count: k,
            explained: kept.reduce(0, +) / total)
    }

    private static func mean(of samples: [FloatVector]) -> [Float] {
        var mean = [Double](repeating: 0, count: samples.first?.count ?? 0)
        for sample in samples {
            sample.withUnsafeBufferPointer { sample in
                for index in mean.indices { mean[index] += Double(sample[index]) }
            }
        }
        return mean.map { Float($0 / Double(samples.count)) }
    }

    /// Hands out the centred samples in stretches of parameters: `[n, block]`, how many columns hold, and the first's place.
    private static func forEachBlock(
        _ samples: [FloatVector], origin: [Float], _ body: (UnsafePointer<Float>, Int, Int) -> Void
    ) {
        var block = [Float](repeating: 0, count: samples.count * Self.block)
        for start in stride(from: 0, to: origin.count, by: Self.block) {
            let length = min(Self.block, origin.count - start)
            block.withUnsafeMutableBufferPointer { block in
                for (row, sample) in samples.enumerated() {
                    sample[start..<start + length].withUnsafeBufferPointer { values in
                        for column in 0..<length {
                            block[row * Self.block + column] = values[column] - origin[start + column]
                        }
                    }
                }
                if let base = block.baseAddress { body(base, length, start) }
            }
        }
    }
}
