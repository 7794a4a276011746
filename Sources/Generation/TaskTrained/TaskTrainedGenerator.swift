public import ErrorModel
internal import LinearAlgebra
internal import LowRank
public import SemanticGuidance

/// A generator that was trained by the loss of its adapters on the experts' own tasks.
public struct TaskTrainedGenerator: AdapterGenerator {
    /// What the generator was trained on.
    public var record: GeneratorRecord
    let system: any TaskTrainedSystem

    init(record: GeneratorRecord, system: any TaskTrainedSystem) {
        self.record = record
        self.system = system
    }

    /// Whether its adapters depend on the description.
    public var dependsOnTask: Bool { system.dependsOnTask }

    /// Whether the states of a condition are read.
    public var readsStates: Bool { system.readsStates }

    /// The experts of the pool that each layer of a description's adapter is mixed from; none unless the system mixes.
    public func routing(for condition: TaskCondition) -> [RoutedLayer] { system.routing(for: condition) }

    /// How many experts the pool of a system has that mixes one in each layer.
    public static let poolSize = RoutedSystem.poolSize

    /// The generator without its ``record``, as tensors.
    public var tensors: [GeneratorTensor] { system.tensors }

    /// The adapter that depends on no description: the generator's control, and what an intent fades to that the library knows
    /// little about.
    public var control: [Float] { system.adapter(for: nil) }

    /// The adapter of a description, D values.
    ///
    /// - Parameters:
    ///   - condition: the description.
    ///   - relevance: r, 0...1: how much of the difference from ``control`` is applied.
    public func adapter(for condition: TaskCondition, relevance: Float = 1) -> [Float] {
        guard system.dependsOnTask, relevance > 0 else { return control }
        let own = system.adapter(for: condition)
        guard relevance < 1 else { return own }
        return zip(control, own).map { $0 + relevance * ($1 - $0) }
    }

    /// The adapter of no description; see ``control``.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        control
    }

    /// The adapter of a description; the neighbourhood counts by its relevance alone, and the seed not at all.
    public func parameters(
        for condition: TaskCondition, guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts,
        seed: UInt64
    ) throws(SgloradError) -> [Float] {
        adapter(for: condition, relevance: neighbourhood.relevance)
    }

    /// How relevant the library is to an intent, with the experts that are nearest.
    ///
    /// - Parameters:
    ///   - embedding: the intent's unit embedding.
    ///   - library: the experts that the generator was trained on.
    public func neighbourhood(of embedding: [Float], in library: Library) -> Neighbourhood {
        SemanticGuidedGenerator.neighbourhood(
            of: embedding, options: record.plan.guidance, threshold: record.threshold, in: library)
    }

    /// Restores a generator from its record and tensors.
    ///
    /// - Throws: `invalidFile`; see ``TrainedGenerator``.
    init(
        record: GeneratorRecord, file: String,
        lookup: @escaping (String) throws(SgloradError) -> (shape: [Int], values: FloatStream)?
    ) throws(SgloradError) {
        let reader = GeneratorTensorReader(file: file, lookup: lookup)
        do {
            try record.plan.validate()
        } catch {
            throw .invalidFile(
                file, "the training plan in its record is out of range: \(error.message)", cause: error)
        }
        guard let plan = record.plan.taskTraining, record.experts.count >= 2,
            let width = record.learned?.dimension, (1...65_536).contains(width),
            (0.01...1).contains(record.threshold)
        else {
            throw .invalidFile(
                file, "a value in its record is out of range; export the generator again where it was trained"
            )
        }
        self.record = record
        switch plan.system {
        case .sgLoRA, .icmLoRA:
            throw .invalidFile(
                file, "its record names the system \(plan.system.rawValue) as one that tasks alone train")
        case .multiTask:
            system = try MultiTaskSystem(reader, parameters: record.layout.parameterCount)
        case .metaLoRA:
            system = try MetaLoRASystem(
                reader, form: plan.tensor ?? .cp, layout: record.layout, width: width)
        case .loRAGen:
            system = try RoutedSystem(reader, layout: record.layout, width: width)
        }
    }
}
