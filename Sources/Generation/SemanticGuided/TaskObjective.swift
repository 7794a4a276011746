public import ErrorModel
public import LinearAlgebra
public import LowRank

/// The differentiable loss of an adapter on the experts' own tasks, which trains a generator's steering.
///
/// The tasks' texts and the model stay behind this protocol; this module knows parameters only.
public protocol TaskObjective: Sendable {
    /// The names of the experts whose tasks are available.
    var experts: [String] { get }

    /// The loss on a sample of a task's queries, and its gradient with respect to the adapter's parameters.
    ///
    /// - Parameters:
    ///   - adapter: the adapter to judge.
    ///   - expert: the expert whose task is used.
    ///   - contested: the experts whose tasks' answers may serve as negatives; no other task is read.
    ///   - random: the source of the sample.
    func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float])
}

extension TaskObjective {
    /// This objective limited to some experts' tasks, which are also the only source of negatives.
    public func restricted(to names: [String]) -> any TaskObjective { RestrictedObjective(self, to: names) }
}

private struct RestrictedObjective: TaskObjective {
    let experts: [String]
    private let whole: any TaskObjective

    init(_ whole: any TaskObjective, to names: [String]) {
        self.whole = whole
        let allowed = Set(names)
        experts = whole.experts.filter(allowed.contains)
    }

    func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float]) {
        try whole.loss(
            of: adapter, onTaskOf: expert, contested: contested.intersection(experts), random: &random)
    }
}
