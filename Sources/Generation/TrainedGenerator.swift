public import ErrorModel
public import LinearAlgebra
public import SemanticGuidance

/// A trained generator of any system, as a file holds it and a strategy uses it.
public enum TrainedGenerator: AdapterGenerator {
    /// `sg-lora`.
    case semanticGuided(SemanticGuidedGenerator)
    /// A system that was trained by the tasks' loss.
    case taskTrained(TaskTrainedGenerator)
    /// `icm-lora`.
    case icmLoRA(ICMLoRAGenerator)

    /// What it was trained on.
    public var record: GeneratorRecord {
        switch self {
        case .semanticGuided(let generator): generator.record
        case .taskTrained(let generator): generator.record
        case .icmLoRA(let generator): generator.record
        }
    }

    /// Which system it is.
    public var system: GeneratorSystem { record.system }

    /// Whether the states of a condition are read.
    public var readsStates: Bool {
        if case .taskTrained(let generator) = self { generator.readsStates } else { false }
    }

    /// The experts of a pool that each layer of a description's adapter is mixed from; none unless the system mixes.
    public func routing(for condition: TaskCondition) -> [RoutedLayer] {
        if case .taskTrained(let generator) = self { generator.routing(for: condition) } else { [] }
    }

    /// The generator without its ``record``, as tensors.
    public var tensors: [GeneratorTensor] {
        switch self {
        case .semanticGuided(let generator): generator.tensors
        case .taskTrained(let generator): generator.tensors
        case .icmLoRA(let generator): generator.tensors
        }
    }

    /// Restores a generator from its record and tensors.
    ///
    /// - Parameters:
    ///   - record: what it was trained on.
    ///   - file: the file's name, for errors.
    ///   - lookup: the shape and values of a tensor by name; nil if the file has no such tensor.
    /// - Throws: `invalidFile` if the record is out of range, or a tensor is missing or has a shape other than the record
    ///   implies.
    public init(
        record: GeneratorRecord, file: String,
        lookup: @escaping (String) throws(SgloradError) -> (shape: [Int], values: FloatStream)?
    ) throws(SgloradError) {
        switch record.system {
        case .sgLoRA:
            self = .semanticGuided(try SemanticGuidedGenerator(record: record, file: file, lookup: lookup))
        case .multiTask, .metaLoRA, .loRAGen:
            self = .taskTrained(try TaskTrainedGenerator(record: record, file: file, lookup: lookup))
        case .icmLoRA:
            self = .icmLoRA(try ICMLoRAGenerator(record: record, file: file, lookup: lookup))
        }
    }

    /// The experts that guide an intent, with their relevance: of those that a search of the generator's experts found or, with
    /// `icm-lora`, those whose task vectors are nearest to the examples'.
    ///
    /// - Parameters:
    ///   - search: the search; with `icm-lora` that for the description.
    ///   - examples: the task vector of the intent's examples; nil without examples.
    ///   - options: how experts are chosen.
    public func neighbourhood(
        _ search: ExpertSearch, examples: TaskVector? = nil, options: GuidanceOptions
    ) -> Neighbourhood {
        if case .icmLoRA(let generator) = self, let examples {
            return generator.neighbourhood(of: examples, options: options, relevantBy: search)
        }
        return SemanticGuidedGenerator.neighbourhood(search, options: options, threshold: record.threshold)
    }

    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        switch self {
        case .semanticGuided(let generator):
            try generator.parameters(guidedBy: neighbourhood, in: library, seed: seed)
        case .taskTrained(let generator):
            try generator.parameters(guidedBy: neighbourhood, in: library, seed: seed)
        case .icmLoRA(let generator):
            try generator.parameters(guidedBy: neighbourhood, in: library, seed: seed)
        }
    }

    public func parameters(
        for condition: TaskCondition, guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts,
        seed: UInt64
    ) throws(SgloradError) -> [Float] {
        switch self {
        case .semanticGuided(let generator):
            try generator.parameters(for: condition, guidedBy: neighbourhood, in: library, seed: seed)
        case .taskTrained(let generator):
            try generator.parameters(for: condition, guidedBy: neighbourhood, in: library, seed: seed)
        case .icmLoRA(let generator):
            try generator.parameters(for: condition, guidedBy: neighbourhood, in: library, seed: seed)
        }
    }
}
