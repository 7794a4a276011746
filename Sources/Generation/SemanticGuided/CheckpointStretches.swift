internal import LinearAlgebra

/// Reads many vectors in step, one stretch of parameters at a time, in memory independent of their length.
///
/// Each stretch is handed out centred: with the mean over the vectors subtracted.
struct CheckpointStretches {
    private let vectors: [FloatVector]
    /// The maximum number of parameters in a stretch, and the row stride of a block.
    let length: Int

    init(_ vectors: [FloatVector]) {
        self.vectors = vectors
        // 64 KiB of each vector, or less of very many vectors: 32 MiB in all.
        length = max(2048, min(1 << 14, (1 << 23) / max(1, vectors.count)))
    }

    /// D, the length of each vector.
    var parameterCount: Int { vectors.first?.count ?? 0 }

    /// Visits every stretch in order.
    ///
    /// - Parameter body: receives the centred vectors `[n, length]`, the stretch's range of parameters, and
    ///   the mean.
    func forEach(_ body: (UnsafePointer<Float>, Range<Int>, UnsafePointer<Float>) -> Void) {
        for start in stride(from: 0, to: parameterCount, by: length) {
            let range = start..<min(start + length, parameterCount)
            with(range) { block, mean in body(block, range, mean) }
        }
    }

    /// Visits one stretch.
    ///
    /// - Parameters:
    ///   - range: at most ``length`` parameters.
    ///   - body: receives the centred vectors `[n, length]` and the mean.
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

    /// Reads one stretch of every vector, `[n, length]`, and centres it.
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
