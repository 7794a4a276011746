/// An immutable vector of single-precision numbers: on the heap, or a part of a file mapped into memory.
///
/// Large parameters (means, variances, checkpoints, a generator's directions) are passed as values of this
/// type, so that a library of large adapters is paged in from disk as it is read instead of being held on the
/// heap.
public struct FloatVector: @unchecked Sendable {
    // Sendable: `base` points into memory that `owner` keeps alive and nobody writes to: a buffer that was
    // filled before the vector was created, or a private read-only mapping of a file.
    private let owner: any MemoryOwner
    let base: UnsafePointer<Float>
    public let count: Int

    /// Creates a vector on the heap with a copy of the values.
    public init(_ values: [Float]) {
        let storage = ArrayStorage(values)
        owner = storage
        base = UnsafePointer(storage.memory)
        count = values.count
    }

    /// Creates a vector of zeros on the heap and lets `fill` write into it; large vectors are built in place,
    /// without a copy.
    public init(count: Int, filledBy fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
        let storage = ArrayStorage(zeros: count)
        fill(UnsafeMutableBufferPointer(start: storage.memory, count: count))
        owner = storage
        base = UnsafePointer(storage.memory)
        self.count = count
    }

    /// Creates a vector over memory that `owner` keeps alive and nobody changes.
    ///
    /// - Parameters:
    ///   - memory: numbers in native byte order, aligned to 4 bytes.
    ///   - owner: unmaps or frees the memory when it is released.
    public init(borrowing memory: UnsafeBufferPointer<Float>, owner: any MemoryOwner) {
        guard let base = memory.baseAddress else {
            self.init([])
            return
        }
        self.init(owner: owner, base: base, count: memory.count)
    }

    private init(owner: any MemoryOwner, base: UnsafePointer<Float>, count: Int) {
        self.owner = owner
        self.base = base
        self.count = count
    }

    /// Calls `body` with the numbers; the pointer is valid only during the call.
    @inline(__always)
    public func withUnsafeBufferPointer<R, E: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// Calls `body` with the address of the first number, which is valid only during the call; of an empty vector it may not be
    /// read.
    @inline(__always)
    public func withUnsafePointer<R, E: Error>(
        _ body: (UnsafePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(base)
    }

    /// A copy on the heap.
    public var array: [Float] { withUnsafeBufferPointer { Array($0) } }

    /// A part of the vector, over the same memory.
    public subscript(range: Range<Int>) -> FloatVector {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count,
            "the range \(range) of a vector of \(count) numbers")
        return FloatVector(owner: owner, base: base + range.lowerBound, count: range.count)
    }

    /// The size in bytes above which the pages of a file-backed vector are released after each use.
    public static let residentLimit = 8 << 20

    /// Releases the pages of a file-backed vector until they are read again; no effect on memory on the heap.
    public func release() {
        owner.release(UnsafeRawBufferPointer(start: base, count: 4 * count))
    }

    /// Whether the vector is larger than ``residentLimit``.
    public var isLarge: Bool { 4 * count > Self.residentLimit }

    /// Calls ``release()`` if the vector ``isLarge``.
    public func releaseIfLarge() {
        if isLarge { release() }
    }
}

private final class ArrayStorage: MemoryOwner, @unchecked Sendable {
    // Sendable: written only in init, freed only in deinit.
    let memory: UnsafeMutablePointer<Float>

    init(_ values: [Float]) {
        memory = .allocate(capacity: max(values.count, 1))
        values.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            memory.initialize(from: start, count: source.count)
        }
    }

    init(zeros count: Int) {
        memory = .allocate(capacity: max(count, 1))
        memory.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { memory.deallocate() }
}

/// Keeps the memory of a vector alive.
public protocol MemoryOwner: AnyObject, Sendable {
    /// Tells the system that a range of the memory will not be read soon.
    ///
    /// Its content does not change: pages of a mapped file leave the process and are read again on the next
    /// access.
    func release(_ bytes: UnsafeRawBufferPointer)
}

extension MemoryOwner {
    /// Does nothing: memory that cannot be read again stays resident.
    public func release(_ bytes: UnsafeRawBufferPointer) {}
}
