internal import Dispatch
internal import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance
internal import Synchronization

/// Trains a steering by the experts' own tasks, each guided as if it were unknown: its own expert and fold left out.
///
/// Each step takes one task of every mode; the loss's gradient by the adapter's vector becomes that by gains and shifts.
struct SteeringTrainer {
    let library: Library
    let plan: TrainingPlan
    let objective: any TaskObjective
    /// x̄.
    let origin: FloatVector

    /// How fast gains are learned, relative to shifts.
    private static let gainRate: Float = 20

    /// How much of the shifts is kept: they fit the experts' own texts better than those of tasks to come.
    private static let shiftShare: Float = 0.5

    /// Runs the training.
    ///
    /// - Parameter progress: called after every step with its loss; what it throws ends the training.
    func train(
        _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (steering: Steering, loss: Float) {
        let modes = ExpertModes.assign(library.experts.map(\.embedding), count: plan.modes)
        var steering = Steering(neutral: modes, layout: library.layout)
        let tasks = tasks(modes)
        guard !tasks.allSatisfy(\.isEmpty) else { return (steering, .nan) }
        let neighbourhoods = neighbourhoods()
        var optimiser = SteeringOptimiser(steering, rate: plan.steeringRate, gainRate: Self.gainRate)
        var random = CounterRandom(seed: plan.seed, stream: 2)
        var bags = tasks.map { _ in [Int]() }
        var tail: [Float] = []
        for step in 0..<plan.steeringSteps {
            var drawn: [Int] = []
            for mode in tasks.indices where !tasks[mode].isEmpty {
                if bags[mode].isEmpty { bags[mode] = random.permutation(tasks[mode].count) }
                drawn.append(tasks[mode][bags[mode].removeLast()])
            }
            let results = try judge(drawn, neighbourhoods, steering, step: step)
            var gradient = optimiser.zero
            let share = 1 / Float(drawn.count)
            for (expert, result) in zip(drawn, results) {
                add(
                    result.gradient, share: share, at: steering.shares(neighbourhoods[expert]),
                    neighbourhoods[expert], to: &gradient)
            }
            optimiser.update(&steering, by: gradient, progress: Float(step) / Float(plan.steeringSteps))
            let loss = results.reduce(0) { $0 + $1.loss } * share
            if step >= plan.steeringSteps * 3 / 4 { tail.append(loss) }
            try progress(step + 1, loss)
        }
        for place in steering.shifts.values.indices { steering.shifts.values[place] *= Self.shiftShare }
        return (steering, tail.reduce(0, +) / Float(max(1, tail.count)))
    }

    /// The judged experts of each mode, by their place.
    private func tasks(_ modes: [Int]) -> [[Int]] {
        let judged = Set(objective.experts)
        return (0...(modes.max() ?? 0)).map { mode in
            library.experts.indices.filter { modes[$0] == mode && judged.contains(library.experts[$0].name) }
        }
    }

    /// Each expert's task as seen by the rest of the library without its fold.
    private func neighbourhoods() -> [Neighbourhood] {
        let names = library.experts.map(\.name)
        let folds = ExpertFolds(names: names).folds.map(Set.init)
        return library.experts.map { expert in
            let fold = folds.first { $0.contains(expert.name) } ?? [expert.name]
            let left = Set(names.indices.filter { fold.contains(names[$0]) })
            return Neighbourhood(
                proximities: library.index.proximities(to: expert.embedding, by: plan.guidance.measure),
                options: plan.guidance, excluding: left.count < names.count ? left : [])
        }
    }

    private func judge(
        _ experts: [Int], _ neighbourhoods: [Neighbourhood], _ steering: Steering, step: Int
    ) throws(SgloradError) -> [(loss: Float, gradient: [Float])] {
        let contested = Set(library.experts.map(\.name))
        let slots = Mutex(
            [Result<(loss: Float, gradient: [Float]), SgloradError>?](repeating: nil, count: experts.count))
        DispatchQueue.concurrentPerform(iterations: experts.count) { slot in
            let expert = experts[slot]
            let outcome: Result<(loss: Float, gradient: [Float]), SgloradError>
            do throws(SgloradError) {
                var x = SemanticPrior.mean(neighbourhoods[expert], of: library.experts.map(\.mean))
                steering.apply(
                    to: &x, guidedBy: neighbourhoods[expert], origin: origin, layout: library.layout)
                // A stream of its own for each step and expert: the order in which threads run changes nothing.
                var random = CounterRandom(seed: plan.seed, stream: UInt64(step + 1) << 32 | UInt64(expert))
                outcome = .success(
                    try objective.loss(
                        of: LoRAAdapter(layout: library.layout, parameters: x),
                        onTaskOf: library.experts[expert].name, contested: contested, random: &random))
            } catch {
                outcome = .failure(error)
            }
            slots.withLock { $0[slot] = outcome }
        }
        var results: [(loss: Float, gradient: [Float])] = []
        for slot in slots.withLock({ $0 }) { if let slot { results.append(try slot.get()) } }
        return results
    }

    /// Adds an adapter's gradient to that of gains and shifts.
    private func add(
        _ gradient: [Float], share: Float, at shares: [Float], _ neighbourhood: Neighbourhood,
        to sum: inout SteeringGradient
    ) {
        let mean = SemanticPrior.mean(neighbourhood, of: library.experts.map(\.mean))
        let halves = Steering.halves(of: library.layout)
        origin.withUnsafeBufferPointer { origin in
            for (half, range) in halves.enumerated() {
                var slope: Float = 0
                for place in range { slope += gradient[place] * (mean[place] - origin[place]) }
                for mode in shares.indices { sum.gains[mode, half] += share * shares[mode] * slope }
            }
        }
        for mode in shares.indices where shares[mode] > 0 {
            let offset = mode * gradient.count
            for place in gradient.indices {
                sum.shifts[offset + place] += share * shares[mode] * gradient[place]
            }
        }
    }
}

/// The gradient of a loss by a steering's numbers.
struct SteeringGradient {
    var gains: Matrix
    var shifts: [Float]
}

/// Adam over gains and shifts, with a warm-up of ten steps and a linear way down to a tenth.
private struct SteeringOptimiser {
    let zero: SteeringGradient
    private let rate: Float
    private let gainRate: Float
    private var gains: AdamMoments
    private var shifts: AdamMoments

    init(_ steering: Steering, rate: Float, gainRate: Float) {
        zero = SteeringGradient(
            gains: Matrix(rows: steering.gains.rows, columns: steering.gains.columns),
            shifts: [Float](repeating: 0, count: steering.shifts.values.count))
        self.rate = rate
        self.gainRate = gainRate
        gains = AdamMoments(count: steering.gains.values.count)
        shifts = AdamMoments(count: steering.shifts.values.count)
    }

    mutating func update(_ steering: inout Steering, by gradient: SteeringGradient, progress: Float) {
        let warm = min(1, Float(gains.step + 1) / 10)
        let rate = rate * warm * (1 - 0.9 * progress)
        gains.apply(to: &steering.gains.values, gradient.gains.values, rate: rate * gainRate, decay: 0)
        if self.rate > 0 { shifts.apply(to: &steering.shifts.values, gradient.shifts, rate: rate, decay: 0) }
    }
}
