import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

/// An objective whose loss is half the squared distance from a point.
private struct NearPoint: TaskObjective {
    let experts: [String]
    let point: [Float]

    func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float]) {
        let gradient = zip(adapter.parameters, point).map { $0 - $1 }
        return (gradient.reduce(0) { $0 + $1 * $1 } / 2, gradient)
    }
}

@Suite("Steering")
struct SteeringTests {
    private func merged(_ library: Library, _ neighbourhood: Neighbourhood) -> [Float] {
        SemanticPrior.mean(neighbourhood, of: library.experts.map(\.mean))
    }

    @Test func `a neutral steering changes nothing`() throws {
        let library = try randomLibrary()
        let near = neighbourhood(in: library, to: library.experts[0].embedding)
        let origin = FloatVector([Float](repeating: 0.1, count: library.layout.parameterCount))
        let steering = Steering(neutral: [0, 1, 0, 1, 0, 1], layout: library.layout)
        let before = merged(library, near)
        var after = before
        steering.apply(to: &after, guidedBy: near, origin: origin, layout: library.layout)
        for (one, other) in zip(before, after) { #expect(abs(one - other) < 1e-6) }
    }

    @Test func `gains scale the distance from the origin and shifts are added, by the modes' shares`() throws
    {
        let library = try randomLibrary()
        let near = neighbourhood(in: library, to: library.experts[2].embedding)
        let d = library.layout.parameterCount
        let halves = 2 * library.layout.sites.count
        let modes = [0, 0, 0, 1, 1, 1]
        let shares = near.members.reduce(into: [Float](repeating: 0, count: 2)) {
            $0[modes[$1.expert]] += $1.weight
        }
        let gains = Matrix(
            rows: 2, columns: halves,
            values: [Float](repeating: 2, count: halves) + [Float](repeating: 0.5, count: halves))
        let shifts = Matrix(
            rows: 2, columns: d, values: [Float](repeating: 1, count: d) + [Float](repeating: -3, count: d))
        let steering = Steering(modes: modes, gains: gains, shifts: shifts)
        var random = CounterRandom(seed: 4)
        let origin = random.gaussians(d)
        var result = merged(library, near)
        let before = result
        steering.apply(to: &result, guidedBy: near, origin: FloatVector(origin), layout: library.layout)
        for place in 0..<d {
            let gain = 2 * shares[0] + 0.5 * shares[1]
            let wanted = origin[place] + gain * (before[place] - origin[place]) + shares[0] - 3 * shares[1]
            #expect(abs(result[place] - wanted) < 1e-5)
        }
    }

    @Test func `steering lowers the loss on the tasks`() throws {
        let library = try randomLibrary(experts: 9, seed: 5)
        var random = CounterRandom(seed: 6)
        let objective = NearPoint(
            experts: library.experts.map(\.name), point: random.gaussians(library.layout.parameterCount))
        var plan = smallPlan(steps: 5)
        plan.steeringSteps = 60
        plan.steeringRate = 0.05
        let trainer = try GeneratorTrainer(
            library: library, plan: plan, base: "base", encoder: "encoder", objective: objective)
        var losses: [Float] = []
        let steered = try trainer.train { if $0.isSteering { losses.append($0.loss) } }
        #expect(losses.count == 60)
        #expect(losses.suffix(5).reduce(0, +) < 0.7 * losses.prefix(5).reduce(0, +))
        #expect(steered.record.steering?.tasks == 9)
        #expect(Set(steered.record.steering?.modes ?? []) == [0, 1])
        // An expert's own embedding is far above the threshold.
        let near = steered.neighbourhood(of: library.experts[0].embedding, in: library)
        #expect(near.relevance == 1)
        let plain = try trainedGenerator(library, plan: plan)
        func loss(_ generator: SemanticGuidedGenerator) throws -> Float {
            let x = try generator.parameters(guidedBy: near, in: library, seed: 0, sampling: .mean)
            return zip(x, objective.point).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        #expect(try loss(steered) < loss(plain))
    }

    @Test func `steered training is deterministic`() throws {
        let library = try randomLibrary(experts: 8)
        let objective = NearPoint(
            experts: library.experts.map(\.name),
            point: [Float](repeating: 0.5, count: library.layout.parameterCount))
        func train() throws -> [[Float]] {
            var plan = smallPlan(steps: 5)
            plan.steeringSteps = 8
            return try GeneratorTrainer(
                library: library, plan: plan, base: "base", encoder: "encoder", objective: objective
            ).train { _ in }.tensors.map(\.values.array)
        }
        #expect(try train() == train())
    }
}
