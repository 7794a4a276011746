import SemanticGuidance
import Testing

/// Guidance by the mean of examples' embeddings beside that of the description.
@Suite("Example centroid")
struct ExampleCentroidTests {
    @Test func `the centroid has six tenths, the description four, and the result has unit length`() {
        let blended = ExampleCentroid.blended(
            [1, 0, 0], with: [[0, 1, 0], [0, 0.6, 0.8], [0, 0.6, -0.8]])
        let length = Float(0.52).squareRoot()
        #expect(zip(blended, [0.4 / length, 0.6 / length, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func `the number of examples does not change their share`() {
        let one = ExampleCentroid.blended([1, 0], with: [[0, 1]])
        let many = ExampleCentroid.blended([1, 0], with: Array(repeating: [0, 1], count: 32))
        #expect(zip(one, many).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func `examples without a common direction leave the description as it is`() {
        #expect(ExampleCentroid.blended([1, 0], with: [[0, 1], [0, -1]]) == [1, 0])
    }

    @Test func `the task vector is the examples' mean direction, and none without a direction`() {
        let vector = ExampleCentroid.taskVector(of: [[0, 1], [0.6, 0.8]]) ?? []
        let length = Float(0.36 + 3.24).squareRoot()
        #expect(zip(vector, [0.6 / length, 1.8 / length]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(ExampleCentroid.taskVector(of: [[0, 1], [0, -1]]) == nil)
        #expect(ExampleCentroid.taskVector(of: []) == nil)
    }

    @Test func `examples opposite to the description outweigh it`() {
        let blended = ExampleCentroid.blended([1, 0], with: [[-1, 0]])
        #expect(abs(blended[0] + 1) < 1e-6 && blended[1] == 0)
    }
}
