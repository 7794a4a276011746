internal import ControlProtocol
internal import ErrorModel
internal import Generation
internal import IntentQueue
internal import Privacy
internal import SemanticGuidance

/// What an intent must be before it is queued; what a worker then reads from it has been checked.
enum IntentValidation {
    /// The most bytes an intent's text may have.
    static let textLimit = 32_768
    private static let labelLimit = 256

    /// Checks an intent and fills in its seed.
    ///
    /// - Throws: `invalidIntent` that names the field.
    static func queued(_ intent: Wire.Intent) throws(SgloradError) -> QueuedIntent {
        try check(text: intent.text)
        if let strategy = intent.strategy, AdapterStrategy(rawValue: strategy) == nil {
            throw .invalidIntent(
                field: "strategy",
                reason:
                    "is '\(strategy)'; it must be one of \(names(AdapterStrategy.allCases.map(\.rawValue)))")
        }
        for format in intent.formats ?? [] where format != "peft" {
            throw .invalidIntent(field: "formats", reason: "names '\(format)'; this version writes peft")
        }
        if let label = intent.label, label.utf8.count > labelLimit {
            throw .invalidIntent(field: "label", reason: "is longer than \(labelLimit) bytes")
        }
        if let seed = intent.seed, !(0..<1 << 53).contains(seed) {
            throw .invalidIntent(field: "seed", reason: "is \(seed); it must be 0 to 9007199254740991")
        }
        let queued = QueuedIntent(
            text: intent.text, strategy: intent.strategy, topK: intent.topK,
            temperature: intent.temperature.map(Float.init), proximity: intent.proximity,
            seed: intent.seed.map(UInt64.init) ?? .random(in: 0..<1 << 53), force: intent.force ?? false)
        _ = try options(for: queued, defaults: .standard)
        return queued
    }

    /// Checks an intent's text.
    static func check(text: PrivateText) throws(SgloradError) {
        guard text.byteCount <= textLimit else {
            throw .invalidIntent(
                field: "text",
                reason: "has \(text.byteCount) bytes; at most \(textLimit) are taken. Say the task in "
                    + "a sentence or two")
        }
        guard !text.isBlank else {
            throw .invalidIntent(field: "text", reason: "is empty. Say the task in plain words")
        }
    }

    /// The guidance that an intent asks for, with defaults for what it leaves open.
    static func options(
        for intent: QueuedIntent, defaults: GuidanceOptions
    ) throws(SgloradError) -> GuidanceOptions {
        var measure = defaults.measure
        if let name = intent.proximity {
            guard let named = ProximityMeasure(rawValue: name) else {
                throw .invalidIntent(
                    field: "proximity",
                    reason:
                        "is '\(name)'; it must be one of \(names(ProximityMeasure.allCases.map(\.rawValue)))")
            }
            measure = named
        }
        return try GuidanceOptions(
            topK: intent.topK ?? defaults.topK, temperature: intent.temperature ?? defaults.temperature,
            measure: measure)
    }

    private static func names(_ values: [String]) -> String {
        values.joined(separator: ", ")
    }
}
