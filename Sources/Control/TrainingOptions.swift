internal import Adaptation
internal import ErrorModel
internal import Evaluation
internal import Generation
internal import SemanticGuidance
internal import SgloradInterface

extension TrainingPlan {
    /// The plan of a call, with defaults for what it leaves unset.
    init(_ options: Wire.TrainingOptions) throws(SgloradError) {
        let system = try options.system.map { name throws(SgloradError) in
            guard let known = GeneratorSystem(rawValue: name) else {
                let names = GeneratorSystem.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalidRequest(field: "system", reason: "is '\(name)'; it must be one of \(names)")
            }
            return known
        }
        self.init(system: system ?? .sgLoRA)
        if let count = options.tasksPerStep {
            guard taskTraining != nil else {
                throw .invalidRequest(
                    field: "tasksPerStep",
                    reason: "is given, but \(self.system.rawValue) takes one task of each kind a step")
            }
            taskTraining?.tasksPerStep = count
        }
        if let name = options.tensor {
            guard self.system == .metaLoRA else {
                throw .invalidRequest(field: "tensor", reason: "is given, but belongs to the system metalora")
            }
            guard let known = TensorForm(rawValue: name) else {
                throw .invalidRequest(field: "tensor", reason: "is '\(name)'; it must be cp or ring")
            }
            taskTraining?.tensor = known
        }
        if let seed = options.seed {
            guard seed >= 0 else {
                throw .invalidRequest(field: "seed", reason: "is \(seed); it must not be negative")
            }
            self.seed = UInt64(seed)
        }
        steps = options.steps ?? steps
        directions = options.directions ?? directions
        latent = options.latent ?? latent
        width = options.width ?? width
        var measure = guidance.measure
        if let name = options.proximity {
            guard let named = ProximityMeasure(rawValue: name) else {
                throw .invalidRequest(field: "proximity", reason: "is '\(name)'; it must be plain or centred")
            }
            measure = named
        }
        guidance = try GuidanceOptions(
            topK: options.topK ?? guidance.topK,
            temperature: options.temperature.map(Float.init) ?? guidance.temperature, measure: measure)
        try validate()
    }
}

extension AnsweredTexts {
    /// Texts to train on, as a caller sends them; none if the field is absent.
    static func all(_ texts: [Wire.AnsweredTexts]?) throws(SgloradError) -> [AnsweredTexts] {
        guard let texts else { return [] }
        let all = texts.map { texts in
            AnsweredTexts(
                name: texts.name, pairs: texts.pairs.map { Pair(text: $0.text, answer: $0.answer) })
        }
        try validate(all)
        return all
    }
}
