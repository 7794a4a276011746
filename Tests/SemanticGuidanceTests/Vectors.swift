import LinearAlgebra

/// Random vectors of length 1.
func unitVectors(_ count: Int, dimension: Int, seed: UInt64) -> [[Float]] {
    var random = CounterRandom(seed: seed)
    return (0..<count).map { _ in unit(random.gaussians(dimension)) }
}

/// A vector brought to length 1.
func unit(_ vector: [Float]) -> [Float] {
    let norm = Float(vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
    return vector.map { $0 / norm }
}

/// The cosine of two vectors, in double precision; 0 where one of them is nothing.
func cosine(_ first: [Double], _ second: [Double]) -> Double {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let norms = (dot(first, first) * dot(second, second)).squareRoot()
    return norms > 0 ? dot(first, second) / norms : 0
}
