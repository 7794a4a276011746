internal import ErrorModel
internal import LinearAlgebra

/// `multi-task`: one adapter x of D parameters, trained on all experts' tasks and the same for every intent.
///
/// It begins at the library's mean. What a system that reads the description gains over it is what reading gains; the
/// "multi-task LoRA" of Text-to-LoRA (arXiv 2506.06105).
struct MultiTaskSystem: TaskTrainedSystem {
    var groups: [ParameterGroup]

    private static let rate: Float = 1e-3
    private static let decay: Float = 0.1

    /// Begins at the library's mean, D values.
    init(mean: [Float]) {
        groups = [ParameterGroup(mean, rate: Self.rate, decay: Self.decay)]
    }

    var dependsOnTask: Bool { false }

    func adapter(for condition: TaskCondition?) -> [Float] { groups[0].values }

    func gradient(_ gradient: [Float], for condition: TaskCondition) -> [[Float]] { [gradient] }

    /// The adapter's parameters.
    var tensors: [GeneratorTensor] { [GeneratorTensor(groups[0].values, name: "adapter")] }

    /// Reads a trained system.
    ///
    /// - Throws: `invalidFile`.
    init(_ reader: GeneratorTensorReader, parameters count: Int) throws(SgloradError) {
        self.init(mean: try reader.vector("adapter", [count]).array)
    }
}
