public import ErrorModel

/// One way to get an adapter for a task, as it is judged.
public struct EvaluationMethod: Sendable {
    /// What a task's texts are encoded with.
    public enum Adapter: Sendable {
        /// The base model as it is.
        case base
        /// An adapter's numbers, made when they are needed; equal ids stand for equal numbers, which are encoded with once.
        case parameters(id: String, make: @Sendable () throws(SgloradError) -> [Float])

        /// What tells adapters apart.
        var id: String {
            switch self {
            case .base: ""
            case .parameters(let id, _): id
            }
        }
    }

    /// The method's name in tables.
    public let name: String
    /// The adapter for a task and its description's unit embedding; nil where the method has none for it.
    public let adapter: @Sendable (EvaluationTask, [Float]) throws(SgloradError) -> Adapter?

    /// Makes a method.
    public init(
        name: String,
        adapter: @escaping @Sendable (EvaluationTask, [Float]) throws(SgloradError) -> Adapter?
    ) {
        self.name = name
        self.adapter = adapter
    }
}
