public import LinearAlgebra

/// The directions in which a library's checkpoints vary most: x ≈ x̄ + U y, with y of k numbers.
///
/// All training targets lie in the span of the library, so the generator works in k coordinates and its last layer is U.
public struct PrincipalCoordinates: Sendable {
    /// x̄: the mean of all checkpoints, D numbers.
    public let origin: FloatVector
    /// U, `[D, k]`, row-major, with orthonormal columns: one sequential pass over it makes an adapter.
    public let directions: FloatVector
    /// k: how many directions there are.
    public let count: Int
    /// The share of the checkpoints' variance that the directions keep, 0...1.
    public let explained: Double

    /// Makes coordinates from parts that were fitted before.
    public init(origin: FloatVector, directions: FloatVector, count: Int, explained: Double) {
        self.origin = origin
        self.directions = directions
        self.count = count
        self.explained = explained
    }

    /// y = Uᵀ(x − x̄), k numbers.
    public func coordinates(of x: FloatVector) -> [Float] {
        precondition(x.count == origin.count, "\(x.count) numbers, not \(origin.count)")
        var y = [Float](repeating: 0, count: count)
        var difference = [Float](repeating: 0, count: Self.block)
        for start in stride(from: 0, to: x.count, by: Self.block) {
            let length = min(Self.block, x.count - start)
            x[start..<start + length].withUnsafeBufferPointer { x in
                origin[start..<start + length].withUnsafeBufferPointer { origin in
                    for index in 0..<length { difference[index] = x[index] - origin[index] }
                }
            }
            directions[start * count..<(start + length) * count].withUnsafeBufferPointer { u in
                guard let u = u.baseAddress else { return }
                BLAS.gemv(rows: length, columns: count, a: u, transpose: true, x: difference, beta: 1, y: &y)
            }
        }
        return y
    }

    /// Adds U y to D numbers.
    public func add(_ y: [Float], to parameters: inout [Float]) {
        precondition(y.count == count && parameters.count == origin.count, "shapes differ")
        directions.withUnsafeBufferPointer { u in
            guard let u = u.baseAddress else { return }
            BLAS.gemv(rows: parameters.count, columns: count, a: u, x: y, beta: 1, y: &parameters)
        }
    }

    /// How many parameters are worked on at a time: what is read from disk stays in the processor's cache.
    static let block = 2048
}
