internal import LinearAlgebra

/// What a task is known by when an adapter is made for it: its description, as the text encoder sees it.
public struct TaskCondition: Sendable {
    /// The description's unit embedding.
    public let embedding: [Float]

    /// Creates the condition of a description.
    public init(embedding: [Float]) {
        self.embedding = embedding
    }
}

/// Parameters of a system that the optimiser treats alike.
struct ParameterGroup: Sendable {
    /// The parameters θ.
    var values: [Float]
    /// The peak learning rate; 0 leaves them as they are.
    var rate: Float
    /// The decoupled weight decay, which pulls towards the values that the phase began with.
    ///
    /// For parameters that begin as the mean of experts, zero is no better a prior than any other adapter.
    let decay: Float

    init(_ values: [Float], rate: Float, decay: Float = 0) {
        self.values = values
        self.rate = rate
        self.decay = decay
    }
}

/// A differentiable map from parameters θ, and possibly a task's description, to an adapter: all that
/// ``TaskLossTrainer`` needs to train it by the loss on the experts' tasks.
///
/// Pure: the same parameters and condition give the same adapter, bit for bit.
protocol TaskTrainedSystem: Sendable {
    /// θ, in groups whose number and sizes never change.
    var groups: [ParameterGroup] { get set }

    /// The number of phases of a training, between which ``begin(phase:)`` changes what is trained.
    var phases: Int { get }

    /// Prepares for a phase, from 0; groups of the rate 0 are not trained in it.
    mutating func begin(phase: Int)

    /// Whether the adapter depends on the condition.
    var dependsOnTask: Bool { get }

    /// The adapter of a task, D values; nil for the adapter that depends on no task, which is the system's own control and
    /// needs ``settle(over:)``.
    func adapter(for condition: TaskCondition?) -> [Float]

    /// Maps the gradient of a loss with respect to a task's adapter to θ, by the chain rule.
    ///
    /// - Parameters:
    ///   - gradient: ∂loss/∂x, D values.
    ///   - condition: the task's.
    /// - Returns: ∂loss/∂θ, for each of ``groups``.
    func gradient(_ gradient: [Float], for condition: TaskCondition) -> [[Float]]

    /// Fixes what the adapter without a task is made of, once the training has ended.
    ///
    /// - Parameter conditions: those of the tasks that were trained on.
    mutating func settle(over conditions: [TaskCondition])

    /// The system as tensors, from which it is read again.
    var tensors: [GeneratorTensor] { get }
}

extension TaskTrainedSystem {
    var phases: Int { 1 }
    mutating func begin(phase: Int) {}
    mutating func settle(over conditions: [TaskCondition]) {}
}
