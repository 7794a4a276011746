/// Single-precision numbers that never change: an array of our own, or a stretch of a file mapped into memory.
///
/// Large parameters (means, variances, checkpoints, a generator's directions) are passed about as values of this type, so
/// that a library of large adapters is paged in from disk as it is read, not held on the heap.
public struct FloatVector: @unchecked Sendable {
    // Sendable: `base` points into memory that `owner` keeps alive and that nobody writes to: an array's buffer that was
    // filled before the vector was made, or a private read-only mapping of a file.
    private let owner: any MemoryOwner
    private let base: UnsafePointer<Float>
    /// How many numbers there are.
    public let count: Int

    /// A vector over an array's numbers.
    public init(_ values: [Float]) {
        let storage = ArrayStorage(values)
        owner = storage
        base = UnsafePointer(storage.memory)
        count = values.count
    }

    /// A vector of so many numbers, zero until `fill` has written them: large ones are made in place, not copied.
    public init(count: Int, filledBy fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
        let storage = ArrayStorage(zeros: count)
        fill(UnsafeMutableBufferPointer(start: storage.memory, count: count))
        owner = storage
        base = UnsafePointer(storage.memory)
        self.count = count
    }

    /// A vector over memory that `owner` keeps alive and that nobody changes.
    ///
    /// - Parameters:
    ///   - memory: numbers in the machine's byte order, aligned to 4 bytes.
    ///   - owner: what unmaps or frees the memory when it goes.
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

    /// Runs `body` over the numbers; the pointer is valid only within it.
    @inline(__always)
    public func withUnsafeBufferPointer<R, E: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// A copy of the numbers on the heap.
    public var array: [Float] { withUnsafeBufferPointer { Array($0) } }

    /// A vector over a part of the same memory.
    public subscript(range: Range<Int>) -> FloatVector {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of a vector of \(count)")
        return FloatVector(owner: owner, base: base + range.lowerBound, count: range.count)
    }

    /// Vectors of more bytes than this are not kept in memory between two uses where a file holds them.
    public static let residentLimit = 8 << 20

    /// Lets go of the memory until it is read again, where a file holds the numbers; of memory on the heap nothing.
    public func release() {
        owner.release(UnsafeRawBufferPointer(start: base, count: 4 * count))
    }

    /// Whether it has more than ``residentLimit`` bytes.
    public var isLarge: Bool { 4 * count > Self.residentLimit }

    /// As ``release()``, for a vector that ``isLarge`` alone.
    public func releaseIfLarge() {
        if isLarge { release() }
    }
}

private final class ArrayStorage: MemoryOwner, @unchecked Sendable {
    // Sendable: written in init alone, freed in deinit alone.
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
