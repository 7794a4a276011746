internal import LinearAlgebra

/// A pass over many vectors at once, a stretch of parameters at a time, so that a library of any size can be read.
struct CheckpointStretches {
    private let vectors: [FloatVector]
    /// The most parameters in a stretch, and how far apart the rows of a block stand.
    let length: Int

    init(_ vectors: [FloatVector]) {
        self.vectors = vectors
        // 64 KiB of each vector, and of very many vectors less: 32 MiB in all.
        length = max(2048, min(1 << 14, (1 << 23) / max(1, vectors.count)))
    }

    /// D.
    var parameterCount: Int { vectors.first?.count ?? 0 }

    /// Hands out each stretch with its mean taken away.
    ///
    /// - Parameter body: told the vectors less their mean, `[n, length]`, which parameters these are, and their mean.
    func forEach(_ body: (UnsafePointer<Float>, Range<Int>, UnsafePointer<Float>) -> Void) {
        for start in stride(from: 0, to: parameterCount, by: length) {
            let range = start..<min(start + length, parameterCount)
            with(range) { block, mean in body(block, range, mean) }
        }
    }

    /// Hands out one stretch with its mean taken away.
    ///
    /// - Parameters:
    ///   - range: at most ``length`` parameters.
    ///   - body: told the vectors less their mean, `[n, length]`, and their mean.
    func with(_ range: Range<Int>, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void) {
        var block = [Float](repeating: 0, count: vectors.count * length)
        var mean = [Float](repeating: 0, count: length)
        block.withUnsafeMutableBufferPointer { block in
            mean.withUnsafeMutableBufferPointer { mean in
                guard let block = block.baseAddress, let mean = mean.baseAddress else { return }
                read(range, to: block, mean: mean)
                body(block, mean)
            }
        }
    }

    /// Reads one stretch of every vector, `[n, length]`, and takes their mean away.
    private func read(
        _ range: Range<Int>, to block: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>
    ) {
        var sum = [Double](repeating: 0, count: range.count)
        for (row, vector) in vectors.enumerated() {
            let target = block + row * length
            let part = vector[range]
            part.withUnsafeBufferPointer { numbers in
                for index in 0..<range.count {
                    target[index] = numbers[index]
                    sum[index] += Double(numbers[index])
                }
            }
            if vector.isLarge { part.release() }
        }
        for index in 0..<range.count { mean[index] = Float(sum[index] / Double(vectors.count)) }
        for row in vectors.indices {
            let target = block + row * length
            for index in 0..<range.count { target[index] -= mean[index] }
        }
    }
}
