public import ErrorModel
public import LinearAlgebra

/// What a task is known by when an adapter is made for it: its description and its examples, as the text encoder sees them.
public struct TaskCondition: Sendable {
    /// The description's unit embedding.
    public let embedding: [Float]
    /// The last hidden states of its tokens, `[tokens, dimension]`; the embedding alone where they are not known.
    public let states: Matrix
    /// The task vector of its examples; nil without examples.
    public let examples: TaskVector?

    /// Creates the condition of a task.
    ///
    /// - Parameters:
    ///   - embedding: the unit embedding of its text.
    ///   - states: the states of its tokens, at least one; nil where nothing reads them.
    ///   - examples: the task vector of its examples; nil without examples, or where nothing reads it.
    public init(embedding: [Float], states: Matrix? = nil, examples: TaskVector? = nil) {
        self.embedding = embedding
        self.examples = examples
        self.states = states ?? Matrix(rows: 1, columns: embedding.count, values: embedding)
    }
}

/// Encodes a description to the last hidden states of its tokens, `[tokens, dimension]`.
public typealias StateEncoding = @Sendable (String) throws(SgloradError) -> Matrix

/// The experts of a pool that one layer of an adapter was mixed from.
public struct RoutedLayer: Sendable, Hashable {
    /// One expert with its share.
    public struct Expert: Sendable, Hashable {
        /// Its number in the pool, from 0.
        public let expert: Int
        /// Its gate, 0...1; those of a layer sum to 1.
        public let gate: Float
    }

    /// The layer's name in the base model.
    public let layer: String
    /// The experts, that with the largest gate first.
    public let experts: [Expert]
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

    /// A term of the loss beside the tasks', over all descriptions at once, with its gradient for each of ``groups``, of which
    /// an empty one stands for zeros; nil if there is none.
    func regularisation(over conditions: [TaskCondition]) -> (loss: Float, gradients: [[Float]])?

    /// The experts of each layer that a task's adapter is mixed from; none unless the system mixes.
    func routing(for condition: TaskCondition) -> [RoutedLayer]

    /// Whether the condition's states are read.
    var readsStates: Bool { get }

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
    func regularisation(over conditions: [TaskCondition]) -> (loss: Float, gradients: [[Float]])? { nil }
    func routing(for condition: TaskCondition) -> [RoutedLayer] { [] }
    var readsStates: Bool { false }
}
