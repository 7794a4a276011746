import Evaluation
import Generation
import LinearAlgebra
import LowRank
import Synchronization
import Testing

@Suite("JudgedTraining")
struct JudgedTrainingTests {
    /// Ten experts of random parameters.
    private func library() throws -> Library {
        let layout = try AdapterLayout(
            sites: [Site(path: "site", inFeatures: 8, outFeatures: 8)], rank: 2, scale: 2)
        var random = CounterRandom(seed: 5)
        return Library(
            layout: layout,
            experts: (0..<10).map { number in
                let checkpoints = (0..<2).map { _ in FloatVector(random.gaussians(layout.parameterCount)) }
                let direction = random.gaussians(8)
                let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return LibraryExpert(
                    name: "expert-\(number)", digest: "\(number)", embedding: direction.map { $0 / length },
                    mean: checkpoints[0], variance: checkpoints[0], checkpoints: checkpoints)
            })
    }

    private func numbers(_ generator: SemanticGuidedGenerator) -> [UInt32] {
        generator.tensors.flatMap { $0.values.array.map(\.bitPattern) }
    }

    @Test func `trainings at once make the generator of one after the other, and count every step`() throws {
        var plan = TrainingPlan()
        plan.steps = 12
        plan.directions = 6
        let training = try JudgedTraining(library: library(), plan: plan, base: "base", digest: "digest")
        let steps = Mutex<[Int]>([])
        let one = try training.run(threads: 1) { step, _ in steps.withLock { $0.append(step) } }
        #expect(steps.withLock { $0 } == Array(1...training.steps))
        let three = try training.run(threads: 3) { step, _ in steps.withLock { $0.append(step) } }
        #expect(steps.withLock { $0 } == Array(1...training.steps) + Array(1...training.steps))
        #expect(one.record == three.record && one.record.verdict != nil)
        #expect(numbers(one) == numbers(three))
    }
}
