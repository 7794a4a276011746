internal import ErrorModel
internal import LinearAlgebra

/// The inner products of an expert's factors at one site, with each other and with the reference's.
struct SiteMoments: Sendable {
    /// The expert's factors with each other.
    var grams: SiteGrams
    /// The mean of A·A₀ᵀ over the checkpoints, `[rank, reference's rank]`.
    var crossA: DoubleMatrix
    /// The mean of Bᵀ·B₀, of the same shape.
    var crossB: DoubleMatrix
    /// The reference's factors with each other.
    var reference: SiteGrams
    /// The site's in and out features.
    let inputs: Int
    let outputs: Int

    /// Computes the inner products at each site of a layout, over all checkpoints.
    ///
    /// - Parameter reference: nil if there is none yet; the fields about it are then empty.
    /// - Throws: `layoutMismatch` that names a site that is missing, unknown or of another shape.
    static func all(
        of checkpoints: [[SiteFactors]], on layout: AdapterLayout, reference: GaugeReference?
    ) throws(SgloradError) -> [SiteMoments] {
        var byPath: [[String: SiteFactors]] = []
        for factors in checkpoints { byPath.append(try layout.requireSites(of: factors)) }
        let slices = reference?.layout.slices
        return layout.sites.enumerated().map { index, site in
            let own = byPath.compactMap { $0[site.path] }
            let other = slices.flatMap { slices in
                reference.map {
                    SiteDoubles(slices[index], of: $0.parameters, rank: $0.layout.rank)
                }
            }
            return SiteMoments(own, at: site, scale: layout.scale, reference: other)
        }
    }

    private init(_ factors: [SiteFactors], at site: Site, scale: Float, reference: SiteDoubles?) {
        inputs = site.inFeatures
        outputs = site.outFeatures
        let rank = factors.first?.rank ?? 0
        let referenceRank = reference?.a.rows ?? 0
        grams = SiteGrams(rank: rank)
        self.reference = SiteGrams(rank: referenceRank)
        crossA = DoubleMatrix(rows: rank, columns: referenceRank)
        crossB = crossA
        if let reference { self.reference.add(reference, share: 1) }
        let share = 1 / Double(max(1, factors.count))
        for factors in factors {
            let doubles = SiteDoubles(factors, scale: scale)
            grams.add(doubles, share: share)
            guard let reference else { continue }
            SiteDoubles.add(share, doubles.a.multiplied(by: reference.a, transposeOther: true), to: &crossA)
            SiteDoubles.add(share, doubles.b.multiplied(by: reference.b, transposeSelf: true), to: &crossB)
        }
    }

    /// The moments restricted to some of the expert's components.
    func selecting(_ components: [Int]) -> SiteMoments {
        var result = self
        result.grams = grams.selecting(components)
        result.crossA = DoubleMatrix(rows: components.count, columns: crossA.columns)
        result.crossB = result.crossA
        for (row, component) in components.enumerated() {
            for column in 0..<crossA.columns {
                result.crossA[row, column] = crossA[component, column]
                result.crossB[row, column] = crossB[component, column]
            }
        }
        return result
    }
}

/// The Gram matrices of an expert's factors at one site, over all its checkpoints: everything that a gauge is
/// fitted from.
struct SiteGrams: Sendable {
    /// The mean of A·Aᵀ, `[rank, rank]`.
    var a: DoubleMatrix
    /// The mean of Bᵀ·B, `[rank, rank]`, with B at the layout's scale.
    var b: DoubleMatrix

    var rank: Int { a.rows }

    init(rank: Int) {
        self.init(
            a: DoubleMatrix(rows: rank, columns: rank), b: DoubleMatrix(rows: rank, columns: rank))
    }

    init(a: DoubleMatrix, b: DoubleMatrix) {
        self.a = a
        self.b = b
    }

    /// Adds one checkpoint's inner products, with a weight of `share`.
    mutating func add(_ factors: SiteDoubles, share: Double) {
        SiteDoubles.add(share, factors.a.multiplied(by: factors.a, transposeOther: true), to: &a)
        SiteDoubles.add(share, factors.b.multiplied(by: factors.b, transposeSelf: true), to: &b)
    }

    /// The components that are zero neither in A nor in B.
    var components: [Int] { (0..<rank).filter { a[$0, $0] > 0 && b[$0, $0] > 0 } }

    /// The Gram matrices restricted to some components.
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

    /// Whether the factors can serve as a reference as they are.
    ///
    /// LoRA starts from nearly orthogonal rows of A and from B = 0: A must be of full rank, and between 1/8
    /// and 64 times as large as B.
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

    /// The factors of a site in an adapter's vector.
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
