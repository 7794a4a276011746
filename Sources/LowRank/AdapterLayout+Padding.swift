public import ErrorModel
public import LinearAlgebra

extension AdapterLayout {
    /// The same sites and scale with another rank.
    ///
    /// - Throws: `layoutMismatch` if the rank is out of range or makes an adapter too large.
    public func withRank(_ rank: Int) throws(SgloradError) -> AdapterLayout {
        try AdapterLayout(sites: sites, rank: rank, scale: scale)
    }

    /// An adapter's numbers, brought from this layout to one of the same sites and a higher rank: the new components are zero.
    public func padded(_ parameters: FloatVector, to other: AdapterLayout) -> FloatVector {
        precondition(sites == other.sites && rank <= other.rank, "the layouts do not contain each other")
        guard rank < other.rank else { return parameters }
        return FloatVector(count: other.parameterCount) { result in
            parameters.withUnsafeBufferPointer { numbers in
                for (from, to) in zip(slices, other.slices) {
                    for index in 0..<from.a.count {
                        result[to.a.lowerBound + index] = numbers[from.a.lowerBound + index]
                    }
                    for row in 0..<from.site.outFeatures {
                        for column in 0..<rank {
                            result[to.b.lowerBound + row * other.rank + column] =
                                numbers[from.b.lowerBound + row * rank + column]
                        }
                    }
                }
            }
        }
    }
}
