import LinearAlgebra
import Testing

/// Memory that reports its deallocation.
private final class Owner: MemoryOwner, @unchecked Sendable {
    // Sendable: used on one thread only.
    let memory: UnsafeMutableBufferPointer<Float>
    let onRelease: () -> Void

    init(_ values: [Float], onRelease: @escaping () -> Void) {
        memory = .allocate(capacity: values.count)
        _ = memory.initialize(from: values)
        self.onRelease = onRelease
    }

    deinit {
        memory.deallocate()
        onRelease()
    }
}

@Suite("FloatVector")
struct FloatVectorTests {
    @Test func `slices and slices of slices hold their ranges`() {
        let vector = FloatVector((0..<10).map { Float($0) })
        #expect(vector.count == 10)
        #expect(vector[2..<7].array == [2, 3, 4, 5, 6])
        #expect(vector[2..<7][1..<3].array == [3, 4])
        #expect(vector[10..<10].array.isEmpty)
        #expect(vector[0..<10].array == vector.array)
    }

    @Test func `an empty vector is empty`() {
        #expect(FloatVector([]).array.isEmpty)
        let none = UnsafeBufferPointer<Float>(start: nil, count: 0)
        #expect(FloatVector(borrowing: none, owner: Owner([1], onRelease: {})).count == 0)
    }

    @Test func `borrowed memory lives as long as its last slice`() {
        var isReleased = false
        var slice: FloatVector?
        do {
            let owner = Owner([1, 2, 3, 4]) { isReleased = true }
            slice = FloatVector(borrowing: UnsafeBufferPointer(owner.memory), owner: owner)[1..<3]
        }
        #expect(slice?.array == [2, 3])
        #expect(!isReleased)
        slice = nil
        #expect(isReleased)
    }

    @Test func `an error of the body is rethrown`() {
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try FloatVector([1]).withUnsafeBufferPointer { (_) throws(Failure) in throw Failure() }
        }
    }
}
