public import LinearAlgebra

/// Vectors of one dimension that lie in one piece of memory, such as a mapped file, in an order of their own.
public struct EmbeddingRows: Sendable {
    private let numbers: FloatVector
    /// The distance between the starts of two vectors, in numbers.
    private let stride: Int
    /// The length of a vector.
    public let dimension: Int
    /// For each vector, in order, its place in the memory.
    private let places: [UInt32]

    /// The number of vectors.
    public var count: Int { places.count }

    /// Copies vectors of one dimension.
    public init(_ vectors: [[Float]]) {
        let dimension = vectors.first?.count ?? 0
        let numbers = FloatVector(vectors.flatMap(\.self))
        precondition(numbers.count == vectors.count * dimension, "vectors of different dimensions")
        self.init(numbers, stride: dimension, dimension: dimension, places: vectors.indices.map(UInt32.init))
    }

    /// Takes vectors from memory that holds them.
    ///
    /// - Parameters:
    ///   - numbers: the memory.
    ///   - stride: the distance between the starts of two vectors, in numbers.
    ///   - dimension: the length of a vector.
    ///   - places: which vectors, in their order: each at its place times `stride`.
    public init(_ numbers: FloatVector, stride: Int, dimension: Int, places: [UInt32]) {
        precondition(stride >= dimension, "vectors that overlap")
        precondition(
            places.allSatisfy { Int($0) * stride + dimension <= numbers.count }, "a vector beyond the memory")
        self.numbers = numbers
        self.stride = stride
        self.dimension = dimension
        self.places = places
    }

    /// Some of the vectors, by their indices, over the same memory.
    public func selecting(_ indices: [Int]) -> EmbeddingRows {
        EmbeddingRows(numbers, stride: stride, dimension: dimension, places: indices.map { places[$0] })
    }

    /// Calls `body` with a function that finds a vector by its index; the pointers are valid during the call.
    @inline(__always)
    func withVectors<R>(_ body: ((Int) -> UnsafePointer<Float>) -> R) -> R {
        numbers.withUnsafePointer { start in
            places.withUnsafeBufferPointer { places in
                body { start + Int(places[$0]) * stride }
            }
        }
    }
}
