internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// Trains a ``TaskTrainedSystem`` by the loss of its adapters on the experts' own tasks.
///
/// AdamW (Loshchilov and Hutter, 2019) with a warm-up over a tenth of a phase's steps and cosine decay to zero. A step takes
/// the next tasks from a shuffled bag, so that every task is used equally often; their losses are computed in parallel, each
/// from a random stream of its own, and added in order: the number of threads does not change a bit.
struct TaskLossTrainer {
    let library: Library
    let objective: any TaskObjective
    let seed: UInt64
    /// The number of steps, of all phases together.
    let steps: Int
    let tasksPerStep: Int

    /// Runs the training.
    ///
    /// - Parameters:
    ///   - start: the system as it begins.
    ///   - conditions: for each expert of the library the condition of its task.
    ///   - progress: called after every step with its number, from 1, and its loss; an error that it throws ends the training.
    /// - Returns: the trained system, settled, and the loss averaged over the last quarter of the steps.
    /// - Throws: `trainingFailed` if the library has no expert whose task is known, or the parameters diverge.
    func train(
        _ start: any TaskTrainedSystem, conditions: [TaskCondition],
        _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (system: any TaskTrainedSystem, loss: Float) {
        let known = Set(objective.experts)
        let tasks = library.experts.indices.filter { known.contains(library.experts[$0].name) }
        guard !tasks.isEmpty else {
            throw .trainingFailed(
                base: "", reason: "none of the experts it is trained on has a task among those given",
                remedy: "Give tasks of more experts.")
        }
        var system = start
        var random = CounterRandom(seed: seed, stream: Self.bagStream)
        var bag: [Int] = []
        var tail: [Float] = []
        var done = 0
        for phase in 0..<system.phases {
            system.begin(phase: phase)
            let length = steps * (phase + 1) / system.phases - steps * phase / system.phases
            var optimiser = GroupOptimiser(system.groups)
            let rate = CosineSchedule(steps: length)
            for step in 0..<length {
                var drawn: [Int] = []
                while drawn.count < min(tasksPerStep, tasks.count) {
                    if bag.isEmpty { bag = random.permutation(tasks.count).map { tasks[$0] } }
                    drawn.append(bag.removeLast())
                }
                var (loss, gradients) = try judge(drawn, system, conditions, step: done)
                if let term = system.regularisation(over: tasks.map({ conditions[$0] })) {
                    loss += term.loss
                    for (group, gradient) in term.gradients.enumerated() where !gradient.isEmpty {
                        BLAS.axpy(count: gradient.count, alpha: 1, x: gradient, y: &gradients[group])
                    }
                }
                optimiser.update(&system.groups, by: gradients, rate: rate(step))
                done += 1
                if done > steps * 3 / 4 { tail.append(loss) }
                try progress(done, loss)
            }
        }
        guard system.groups.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
            throw .trainingFailed(
                base: "", reason: "its parameters diverged", remedy: "Check the texts of the tasks.")
        }
        system.settle(over: tasks.map { conditions[$0] })
        return (system, tail.reduce(0, +) / Float(max(1, tail.count)))
    }

    /// The mean loss of some experts' tasks, and its gradient for each group.
    private func judge(
        _ experts: [Int], _ system: any TaskTrainedSystem, _ conditions: [TaskCondition], step: Int
    ) throws(SgloradError) -> (loss: Float, gradients: [[Float]]) {
        let contested = Set(library.experts.map(\.name))
        let results = try ConcurrentLosses.map(experts.count) {
            slot throws(SgloradError) -> (loss: Float, gradients: [[Float]]) in
            let expert = experts[slot]
            var random = CounterRandom(
                seed: seed, stream: Self.lossStreams | UInt64(step + 1) << 24 | UInt64(expert))
            let (loss, gradient) = try objective.loss(
                of: LoRAAdapter(layout: library.layout, parameters: system.adapter(for: conditions[expert])),
                onTaskOf: library.experts[expert].name, contested: contested, random: &random)
            return (loss, system.gradient(gradient, for: conditions[expert]))
        }
        let share = 1 / Float(experts.count)
        var loss: Float = 0
        var sums = system.groups.map { [Float](repeating: 0, count: $0.values.count) }
        for result in results {
            loss += share * result.loss
            for (group, gradient) in result.gradients.enumerated() where !gradient.isEmpty {
                BLAS.axpy(count: gradient.count, alpha: share, x: gradient, y: &sums[group])
            }
        }
        return (loss, sums)
    }

    /// The random streams: one for the bag, and those of the losses, which differ from the steering's.
    private static let bagStream: UInt64 = 3
    private static let lossStreams: UInt64 = 1 << 63
}

/// AdamW over groups of parameters; weight decay pulls towards the values at the beginning of the phase.
private struct GroupOptimiser {
    private let starts: [[Float]]
    private var moments: [AdamMoments]

    init(_ groups: [ParameterGroup]) {
        starts = groups.map(\.values)
        moments = groups.map { AdamMoments(count: $0.values.count) }
    }

    /// Takes one step; groups of the rate 0 stay as they are.
    mutating func update(_ groups: inout [ParameterGroup], by gradients: [[Float]], rate: Float) {
        for index in groups.indices where groups[index].rate > 0 {
            let (pace, decay) = (groups[index].rate * rate, groups[index].decay)
            moments[index].apply(to: &groups[index].values, gradients[index], rate: pace, decay: 0)
            guard decay > 0 else { continue }
            for place in starts[index].indices {
                groups[index].values[place] -=
                    pace * decay * (groups[index].values[place] - starts[index][place])
            }
        }
    }
}
