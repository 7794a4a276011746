public import ErrorModel
internal import LinearAlgebra
internal import SemanticGuidance

/// All checkpoints of a library and their inner products.
///
/// Everything that is fitted to parameters alone lies in the affine span of the n checkpoints. A point of the
/// span is represented by its weights over the checkpoints, which sum to 1; distances and coordinates follow
/// from the Gram matrix `[n, n]`. The D parameters of a checkpoint are read once for the Gram matrix, and
/// once more when a generator's directions are written.
public struct CheckpointSpan: Sendable {
    /// The checkpoints, D values each, grouped by expert in the library's order.
    let vectors: [FloatVector]
    /// The indices of each expert's checkpoints in ``vectors``, by the expert's name.
    let places: [String: Range<Int>]
    /// ⟨x_i − x̄, x_j − x̄⟩, `[n, n]`.
    let gram: DoubleMatrix
    /// x̄: the mean of all checkpoints, D values.
    let origin: FloatVector

    /// Reads a library's checkpoints once.
    ///
    /// - Throws: `trainingFailed` if an inner product overflows.
    public init(_ library: Library) throws(SgloradError) {
        var vectors: [FloatVector] = []
        var places: [String: Range<Int>] = [:]
        for expert in library.experts {
            places[expert.name] = vectors.count..<vectors.count + expert.checkpoints.count
            vectors += expert.checkpoints
        }
        let n = vectors.count
        var gram = DoubleMatrix(rows: n, columns: n)
        let stretches = CheckpointStretches(vectors)
        origin = FloatVector(count: stretches.parameterCount) { origin in
            var product = [Float](repeating: 0, count: n * n)
            stretches.forEach { block, range, mean in
                for (index, place) in range.enumerated() { origin[place] = mean[index] }
                // Partial sums in single precision, their total in double.
                for start in stride(from: 0, to: range.count, by: 2048) {
                    BLAS.gemm(
                        m: n, n: n, k: min(2048, range.count - start), a: block + start,
                        lda: stretches.length,
                        b: block + start, ldb: stretches.length, transposeB: true, c: &product, ldc: n)
                    for index in product.indices { gram.values[index] += Double(product[index]) }
                }
            }
        }
        guard gram.values.allSatisfy(\.isFinite) else {
            throw SgloradError(
                .trainingFailed,
                "The experts' parameters are too large to compare: their inner products overflow. Remove the experts "
                    + "with such parameters, or import them again from intact files.",
                parameters: ["base": .string(""), "reason": .string("the parameters overflow")])
        }
        self.vectors = vectors
        self.places = places
        self.gram = gram
    }

    /// The number of checkpoints, n.
    var count: Int { vectors.count }

    /// The indices of some experts' checkpoints, in the experts' order.
    func places(of experts: [LibraryExpert]) -> [Int] {
        experts.flatMap { places[$0.name].map(Array.init) ?? [] }
    }

    /// The mean of some checkpoints, as weights over all.
    func mean(of members: some Collection<Int>) -> [Double] {
        var weights = [Double](repeating: 0, count: count)
        for place in members { weights[place] = 1 / Double(members.count) }
        return weights
    }

    /// μ_e of an expert, as weights.
    func mean(of expert: LibraryExpert) -> [Double] {
        places[expert.name].map { mean(of: $0) } ?? [Double](repeating: 0, count: count)
    }

    /// A weighted mean of experts' means, as weights.
    func mean(of experts: [(expert: LibraryExpert, weight: Double)]) -> [Double] {
        var result = [Double](repeating: 0, count: count)
        for (expert, weight) in experts {
            guard let places = places[expert.name] else { continue }
            for place in places { result[place] += weight / Double(places.count) }
        }
        return result
    }

    /// μ* of a neighbourhood in a library that is part of this one, as weights.
    func mean(_ neighbourhood: Neighbourhood, in library: Library) -> [Double] {
        mean(of: neighbourhood.members.map { (library.experts[$0.expert], Double($0.weight)) })
    }

    /// The squared distance between two points given as weights.
    func squaredDistance(_ first: [Double], _ second: [Double]) -> Double {
        let difference = DoubleMatrix(
            rows: count, columns: 1, values: zip(first, second).map { $0 - $1 })
        let product = gram.multiplied(by: difference)
        return max(0, zip(difference.values, product.values).reduce(0) { $0 + $1.0 * $1.1 })
    }

    /// The mean of some of the checkpoints, D values.
    func origin(of members: [Int]) -> FloatVector {
        if members.count == count { return origin }
        let stretches = CheckpointStretches(members.map { vectors[$0] })
        return FloatVector(count: stretches.parameterCount) { origin in
            stretches.forEach { _, range, mean in
                for (index, place) in range.enumerated() { origin[place] = mean[index] }
            }
        }
    }
}
