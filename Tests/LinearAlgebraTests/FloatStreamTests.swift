import LinearAlgebra
import Synchronization
import Testing

/// Memory that counts how many bytes are released.
private final class ReleaseCounter: MemoryOwner {
    private let bytes = Mutex(0)
    private let memory: [UInt8]

    init(_ memory: [UInt8]) { self.memory = memory }

    var released: Int { bytes.withLock { $0 } }

    func release(_ stretch: UnsafeRawBufferPointer) { bytes.withLock { $0 += stretch.count } }

    /// The memory lives as long as the owner: an array in a `let` is never moved.
    func withMemory<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { memory.withUnsafeBytes(body) }
}

@Suite("FloatStream")
struct FloatStreamTests {
    private func halves(_ numbers: [Float]) -> (FloatStream, ReleaseCounter) {
        let owner = ReleaseCounter(
            numbers.flatMap { number -> [UInt8] in
                let pattern = HalfPrecision.binary16(number)
                return [UInt8(pattern & 0xFF), UInt8(pattern >> 8)]
            })
        return (.half(owner.withMemory { HalfVector(borrowing: $0, owner: owner) }), owner)
    }

    private func made(rows: Int, of length: Int, atOnce: Int) -> FloatStream {
        .made(rows: rows, of: length, atOnce: atOnce) { range, target in
            for (index, row) in range.enumerated() {
                for column in 0..<length { target[index * length + column] = Float(row * length + column) }
            }
        }
    }

    @Test(arguments: [0, 1, 7, 65_536, 65_537, 200_000]) func `chunks are contiguous and complete`(
        count: Int
    ) {
        let numbers = (0..<count).map { Float($0 % 2048) }
        for stream in [FloatStream.single(FloatVector(numbers)), halves(numbers).0] {
            var next = 0
            var isSame = true
            stream.forEachStretch { start, part in
                isSame = isSame && start == next && part.elementsEqual(numbers[start..<start + part.count])
                next += part.count
            }
            #expect(isSame && next == count && stream.count == count)
            #expect(stream.array == numbers)
        }
    }

    @Test(arguments: [1, 3, 7, 65_536, 70_000]) func `chunks hold whole rows`(length: Int) {
        let numbers = [Float](repeating: 1, count: 5 * length)
        for stream in [FloatStream.single(FloatVector(numbers)), halves(numbers).0] {
            stream.forEachStretch(ofRows: length) { start, part in
                #expect(start % length == 0 && part.count % length == 0 && !part.isEmpty)
            }
        }
    }

    @Test(arguments: [(1, 1, 1), (10, 3, 4), (100_000, 2, 16_384), (5, 70_000, 2)])
    func `computed numbers arrive in whole rows`(rows: Int, length: Int, atOnce: Int) {
        let stream = made(rows: rows, of: length, atOnce: atOnce)
        #expect(stream.count == rows * length)
        var next = 0
        stream.forEachStretch(ofRows: length) { start, part in
            #expect(start == next && part.count <= atOnce * length)
            next += part.count
        }
        #expect(next == rows * length)
        #expect(stream.array == (0..<rows * length).map { Float($0) })
    }

    @Test func `an error of the body stops the iteration and is rethrown`() {
        struct Failure: Error {}
        var passes = 0
        for stream in [FloatStream.single(FloatVector([1])), halves([1]).0, made(rows: 3, of: 1, atOnce: 1)] {
            #expect(throws: Failure.self) {
                try stream.forEachStretch { (_, _) throws(Failure) in
                    passes += 1
                    throw Failure()
                }
            }
        }
        #expect(passes == 3)
    }

    @Test func `pages are released for large streams only, and completely`() {
        let (small, kept) = halves([Float](repeating: 1, count: 70_000))
        small.forEachStretch { _, _ in }
        #expect(kept.released == 0)
        let count = FloatVector.residentLimit / 2 + 5
        let (large, released) = halves([Float](repeating: 1, count: count))
        large.forEachStretch { _, _ in }
        #expect(released.released == 2 * count)
    }
}
