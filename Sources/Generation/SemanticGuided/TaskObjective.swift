public import ErrorModel
public import LinearAlgebra
public import LowRank

/// How well an adapter does on the experts' own tasks, with the slope: what a generator's steering is trained by.
///
/// The texts and the model that judge stay behind this protocol; generation knows parameters only.
public protocol TaskObjective: Sendable {
    /// The names of the experts whose tasks can be judged.
    var experts: [String] { get }

    /// The loss on some of a task's queries, and its gradient by the adapter's vector.
    ///
    /// - Parameters:
    ///   - adapter: what is judged.
    ///   - expert: the expert whose task it is.
    ///   - contested: the experts whose tasks' answers may stand as wrong ones; no other task is looked at.
    ///   - random: what the queries are drawn with.
    func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float])
}
