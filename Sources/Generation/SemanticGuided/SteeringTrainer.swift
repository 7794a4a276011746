internal import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// Trains a ``Steering`` on the experts' own tasks.
///
/// Each task is guided as if it were new: without its own expert and that expert's fold. A step takes one
/// task of every mode, and maps the gradient of the loss with respect to the adapter's parameters to the
/// gains and shifts.
struct SteeringTrainer {
    let library: Library
    let plan: TrainingPlan
    let objective: any TaskObjective
    /// x̄, D values.
    let origin: FloatVector

    /// The learning rate of gains relative to that of shifts.
    private static let gainRate: Float = 20

    /// The share of the trained shifts that is kept: they fit the experts' own texts better than those of new
    /// tasks.
    private static let shiftShare: Float = 0.5

    /// Runs the training.
    ///
    /// - Parameter progress: called after every step with its number, from 1, and its loss; an error that it
    ///   throws ends the training.
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
                gradient.add(result, share: share, at: steering.shares(neighbourhoods[expert]))
            }
            optimiser.update(&steering, by: gradient, progress: Float(step) / Float(plan.steeringSteps))
            let loss = results.reduce(0) { $0 + $1.loss } * share
            if step >= plan.steeringSteps * 3 / 4 { tail.append(loss) }
            try progress(step + 1, loss)
        }
        for place in steering.shifts.values.indices { steering.shifts.values[place] *= Self.shiftShare }
        return (steering, tail.reduce(0, +) / Float(max(1, tail.count)))
    }

    /// The indices of each mode's experts whose tasks are available.
    private func tasks(_ modes: [Int]) -> [[Int]] {
        let judged = Set(objective.experts)
        return (0...(modes.max() ?? 0)).map { mode in
            library.experts.indices.filter { modes[$0] == mode && judged.contains(library.experts[$0].name) }
        }
    }

    /// For each expert the neighbourhood of its description among the experts outside its fold.
    private func neighbourhoods() -> [Neighbourhood] {
        let names = library.experts.map(\.name)
        let folds = library.folds.map(Set.init)
        return library.experts.map { expert in
            let fold = folds.first { $0.contains(expert.name) } ?? [expert.name]
            let left = Set(names.indices.filter { fold.contains(names[$0]) })
            return library.index.neighbourhood(
                of: expert.embedding, options: plan.guidance, excluding: left.count < names.count ? left : [])
        }
    }

    /// Judges the steered adapters of some experts' tasks in parallel; results are in the order of `experts`.
    private func judge(
        _ experts: [Int], _ neighbourhoods: [Neighbourhood], _ steering: Steering, step: Int
    ) throws(SgloradError) -> [SteeredLoss] {
        let means = library.experts.map(\.mean)
        let contested = Set(library.experts.map(\.name))
        return try ConcurrentLosses.map(experts.count) { slot throws(SgloradError) -> SteeredLoss in
            let expert = experts[slot]
            let mean = SemanticPrior.mean(neighbourhoods[expert], of: means)
            var x = mean
            steering.apply(
                to: &x, guidedBy: neighbourhoods[expert], origin: origin, layout: library.layout)
            // A random stream per step and expert: the order in which threads run does not matter.
            var random = CounterRandom(seed: plan.seed, stream: UInt64(step + 1) << 32 | UInt64(expert))
            let (loss, gradient) = try objective.loss(
                of: LoRAAdapter(layout: library.layout, parameters: x),
                onTaskOf: library.experts[expert].name, contested: contested, random: &random)
            return SteeredLoss(loss: loss, gradient: gradient, slopes: slopes(gradient, mean: mean))
        }
    }

    /// For each half-site ⟨∂loss/∂x, μ* − x̄⟩ over its range.
    private func slopes(_ gradient: [Float], mean: [Float]) -> [Float] {
        origin.withUnsafeBufferPointer { origin in
            Steering.halves(of: library.layout).map { range in
                var slope: Float = 0
                for place in range { slope += gradient[place] * (mean[place] - origin[place]) }
                return slope
            }
        }
    }
}

/// The loss of one steered adapter, with what its gradient with respect to the steering is made of.
private struct SteeredLoss: Sendable {
    let loss: Float
    /// ∂loss/∂x, D values.
    let gradient: [Float]
    /// The gradient with respect to the gains at a mode's share of 1, one value per half-site.
    let slopes: [Float]
}

/// The gradient of a loss with respect to a steering's gains and shifts.
private struct SteeringGradient {
    var gains: Matrix
    var shifts: [Float]

    /// Adds one adapter's gradient by the chain rule: ∂x/∂γ_m = g_m (μ* − x̄), ∂x/∂s_m = g_m.
    ///
    /// - Parameters:
    ///   - share: the weight of the adapter's loss in the sum.
    ///   - shares: g, the share of each mode in the adapter's neighbourhood.
    mutating func add(_ result: SteeredLoss, share: Float, at shares: [Float]) {
        for (half, slope) in result.slopes.enumerated() {
            for mode in shares.indices { gains[mode, half] += share * shares[mode] * slope }
        }
        let gradient = result.gradient
        for mode in shares.indices where shares[mode] > 0 {
            let offset = mode * gradient.count
            for place in gradient.indices {
                shifts[offset + place] += share * shares[mode] * gradient[place]
            }
        }
    }
}

/// Adam over gains and shifts, with a warm-up of ten steps and linear decay to a tenth of the rate.
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
