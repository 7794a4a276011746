internal import LinearAlgebra

/// The inner products of an expert's factors at one site, over all its checkpoints: all that a gauge is fitted from.
struct SiteGrams: Sendable {
    /// The mean of A·Aᵀ, `[rank, rank]`.
    var a: DoubleMatrix
    /// The mean of Bᵀ·B, with B brought to the layout's scale.
    var b: DoubleMatrix

    /// The rank of the factors.
    var rank: Int { a.rows }

    init(rank: Int) {
        self.init(
            a: DoubleMatrix(rows: rank, columns: rank), b: DoubleMatrix(rows: rank, columns: rank))
    }

    init(a: DoubleMatrix, b: DoubleMatrix) {
        self.a = a
        self.b = b
    }

    /// Adds the share of one checkpoint.
    mutating func add(_ factors: SiteDoubles, share: Double) {
        SiteDoubles.add(share, factors.a.multiplied(by: factors.a, transposeOther: true), to: &a)
        SiteDoubles.add(share, factors.b.multiplied(by: factors.b, transposeSelf: true), to: &b)
    }

    /// The components that are zero neither in A nor in B.
    var components: [Int] { (0..<rank).filter { a[$0, $0] > 0 && b[$0, $0] > 0 } }

    /// The inner products of some components alone.
    func selecting(_ components: [Int]) -> SiteGrams {
        var result = SiteGrams(rank: components.count)
        for (row, first) in components.enumerated() {
            for (column, second) in components.enumerated() {
                result.a[row, column] = a[first, second]
                result.b[row, column] = b[first, second]
            }
        }
        return result
    }

    /// Whether the factors may serve as a reference as they are.
    ///
    /// LoRA starts from nearly orthogonal rows of A and from B = 0: A is of full rank, and between an eighth and 64 times
    /// as large as B.
    var isNatural: Bool {
        guard let root = try? SymmetricRoot(a, tolerance: 1.0 / 30), root.rank == rank else { return false }
        let (sizeA, sizeB) = (Self.trace(a).squareRoot(), Self.trace(b).squareRoot())
        return sizeB == 0 || (1.0 / 8...64).contains(sizeA / sizeB)
    }

    static func trace(_ matrix: DoubleMatrix) -> Double {
        (0..<matrix.rows).reduce(0) { $0 + matrix[$1, $1] }
    }
}

/// One site's factors in double precision, B at the layout's scale.
struct SiteDoubles: Sendable {
    /// A, `[rank, in]`.
    let a: DoubleMatrix
    /// B, `[out, rank]`.
    let b: DoubleMatrix

    init(_ factors: SiteFactors, scale: Float) {
        let fold = Double(factors.scale) / Double(scale)
        a = factors.a.withUnsafeBufferPointer {
            DoubleMatrix(rows: factors.rank, columns: factors.site.inFeatures, floats: $0)
        }
        b = factors.b.withUnsafeBufferPointer {
            DoubleMatrix(rows: factors.site.outFeatures, columns: factors.rank, floats: $0)
        }.scalingColumns(by: [Double](repeating: fold, count: factors.rank))
    }

    /// A site of an adapter's vector.
    init(_ slice: SiteSlice, of parameters: FloatVector, rank: Int) {
        (a, b) = parameters.withUnsafeBufferPointer { numbers in
            (
                DoubleMatrix(
                    rows: rank, columns: slice.site.inFeatures,
                    floats: UnsafeBufferPointer(rebasing: numbers[slice.a])),
                DoubleMatrix(
                    rows: slice.site.outFeatures, columns: rank,
                    floats: UnsafeBufferPointer(rebasing: numbers[slice.b]))
            )
        }
    }

    static func add(_ share: Double, _ matrix: DoubleMatrix, to sum: inout DoubleMatrix) {
        for index in sum.values.indices { sum.values[index] += share * matrix.values[index] }
    }
}
