internal import CHalfKernels

/// The sum Σ_k w_k·v_k of vectors of one length, made range by range.
///
/// Every number of the vectors is read once, and every sum is written once. A sum begins at 0 and takes the vectors in
/// order, each by a fused multiply-add, so its bits depend neither on the processor nor on the ranges.
public struct WeightedSum: Sendable {
    private let weights: [Float]
    private let vectors: [FloatVector]

    /// The length of the vectors; 0 for a sum of none.
    public var count: Int { vectors.first?.count ?? 0 }

    /// - Parameter terms: the weights w_k and the vectors v_k, all of one length.
    public init(_ terms: [(weight: Float, vector: FloatVector)]) {
        precondition(
            terms.allSatisfy { $0.vector.count == terms[0].vector.count }, "vectors of different lengths")
        weights = terms.map(\.weight)
        vectors = terms.map(\.vector)
    }

    /// Writes a range of the sum; zeros for a sum of no vectors.
    ///
    /// - Parameters:
    ///   - range: a range of the vectors.
    ///   - target: has room for `range.count` numbers.
    public func write(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        precondition(
            vectors.isEmpty || (range.lowerBound >= 0 && range.upperBound <= count),
            "the range \(range) of a sum of \(count) numbers")
        withExtendedLifetime(vectors) {
            withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: vectors.count) {
                sources in
                for (index, vector) in vectors.enumerated() { sources[index] = vector.base }
                sglorad_weighted_sum(
                    sources.baseAddress, weights, vectors.count, range.lowerBound, range.count, target)
            }
        }
    }

    /// Releases the pages of a range of the vectors that lie in files, as ``FloatVector/release()`` does.
    public func release(_ range: Range<Int>) {
        for vector in vectors { vector[range].release() }
    }
}
