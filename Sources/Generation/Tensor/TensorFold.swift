internal import LowRank

/// The fold of static cores and a seed per site into an adapter, and its gradient.
///
/// The cores of all sites are D numbers in the layout's order, so that with neutral seeds they are the adapter. Those of a
/// ring lie in it as A[a, i, b] at row a·R + b of A, and B[b, o, c] at column c·R + b of B.
///
/// Source of the forms: MetaLoRA (arXiv 2504.00460), which generates the seed from each input. Here it comes from the task's
/// description, because an adapter that is to be exported cannot depend on the input.
struct TensorFold: Sendable {
    let form: TensorForm
    let layout: AdapterLayout

    /// The adapter, D values.
    ///
    /// - Parameters:
    ///   - cores: D values.
    ///   - seeds: `[sites, rank]`, row-major.
    func adapter(_ cores: [Float], seeds: [Float]) -> [Float] {
        let rank = layout.rank
        var x = cores
        for (site, slice) in layout.slices.enumerated() {
            let seed = site * rank
            switch form {
            case .cp:
                let width = slice.site.inFeatures
                for row in 0..<rank {
                    let start = slice.a.lowerBound + row * width
                    for place in start..<start + width { x[place] = seeds[seed + row] * cores[place] }
                }
            case .ring:
                let root = TensorForm.ringRank(of: rank) ?? 1
                for o in 0..<slice.site.outFeatures {
                    let row = slice.b.lowerBound + o * rank
                    for a in 0..<root {
                        for b in 0..<root {
                            var sum: Float = 0
                            for c in 0..<root {
                                sum += cores[row + c * root + b] * seeds[seed + c * root + a]
                            }
                            x[row + a * root + b] = sum
                        }
                    }
                }
            }
        }
        return x
    }

    /// Maps the gradient of a loss with respect to the adapter to the cores and the seeds.
    ///
    /// - Parameters:
    ///   - gradient: ∂loss/∂x, D values.
    ///   - cores: D values.
    ///   - seeds: `[sites, rank]`.
    func gradient(
        _ gradient: [Float], cores: [Float], seeds: [Float]
    ) -> (cores: [Float], seeds: [Float]) {
        let rank = layout.rank
        var byCores = gradient
        var bySeeds = [Float](repeating: 0, count: seeds.count)
        for (site, slice) in layout.slices.enumerated() {
            let seed = site * rank
            switch form {
            case .cp:
                let width = slice.site.inFeatures
                for row in 0..<rank {
                    let start = slice.a.lowerBound + row * width
                    var sum: Float = 0
                    for place in start..<start + width {
                        sum += gradient[place] * cores[place]
                        byCores[place] = seeds[seed + row] * gradient[place]
                    }
                    bySeeds[seed + row] = sum
                }
            case .ring:
                let root = TensorForm.ringRank(of: rank) ?? 1
                for o in 0..<slice.site.outFeatures {
                    let row = slice.b.lowerBound + o * rank
                    for c in 0..<root {
                        for b in 0..<root {
                            var sum: Float = 0
                            for a in 0..<root {
                                let slope = gradient[row + a * root + b]
                                sum += slope * seeds[seed + c * root + a]
                                bySeeds[seed + c * root + a] += slope * cores[row + c * root + b]
                            }
                            byCores[row + c * root + b] = sum
                        }
                    }
                }
            }
        }
        return (byCores, bySeeds)
    }
}
