internal import AdapterFormats
package import ErrorModel
internal import Generation
package import IntentQueue
package import Privacy
package import SemanticGuidance

/// An intent exactly as the caller sent it: not validated, and without defaults.
///
/// Its JSON has the keys of the interface's `Intent`. Idempotency keys are bound to that JSON, so the keys
/// must not change.
package struct Intent: Codable, Sendable, Hashable {
    /// What the user wants, in plain words.
    package var text: PrivateText
    /// The base model; may be nil if there is only one.
    package var base: String?
    /// The strategy's name.
    package var strategy: String?
    /// K: how many experts guide.
    package var topK: Int?
    /// τ of the softmax over proximities.
    package var temperature: Double?
    /// The measure of proximity.
    package var proximity: String?
    /// 0 to 2^53 - 1.
    package var seed: Int?
    /// The formats of the adapter's files.
    var formats: [String]?
    /// The caller's own label for the request.
    package var label: String?
    /// Whether to generate even if no expert is relevant.
    var force: Bool?
    /// Examples of the task.
    package var examples: [TaskMaterial.Example]?
    /// The answers that can occur.
    package var labels: [PrivateText]?
    /// How many seconds the adapter may be refined.
    var refineSeconds: Double?

    package init(
        text: PrivateText, base: String? = nil, strategy: String? = nil, topK: Int? = nil,
        temperature: Double? = nil, proximity: String? = nil, seed: Int? = nil, formats: [String]? = nil,
        label: String? = nil, force: Bool? = nil, examples: [TaskMaterial.Example]? = nil,
        labels: [PrivateText]? = nil, refineSeconds: Double? = nil
    ) {
        self.text = text
        self.base = base
        self.strategy = strategy
        self.topK = topK
        self.temperature = temperature
        self.proximity = proximity
        self.seed = seed
        self.formats = formats
        self.label = label
        self.force = force
        self.examples = examples
        self.labels = labels
        self.refineSeconds = refineSeconds
    }
}

extension Intent {
    /// The maximum size in bytes of an intent's text or an expert's description.
    static let textLimit = 32_768
    /// The maximum size of a label in bytes.
    static let labelLimit = 256
    /// The exclusive upper bound of seeds; JSON numbers are exact up to here.
    package static let seedLimit = 1 << 53

    /// Validates the intent and draws a seed if there is none.
    ///
    /// Workers do not validate again.
    ///
    /// - Throws: `invalidIntent`, which names the field.
    func checked() throws(SgloradError) -> QueuedIntent {
        try Self.check(text: text)
        if let strategy, AdapterStrategy(rawValue: strategy) == nil {
            throw .invalidIntent(
                field: "strategy",
                reason: "is '\(strategy)'; it must be one of \(Self.names(AdapterStrategy.allCases))")
        }
        let formats = try Self.formats(formats)
        if let label, label.utf8.count > Self.labelLimit {
            throw .invalidIntent(field: "label", reason: "is longer than \(Self.labelLimit) bytes")
        }
        if let seed, !(0..<Self.seedLimit).contains(seed) {
            throw .invalidIntent(
                field: "seed", reason: "is \(seed); it must be 0 to \(Self.seedLimit - 1)")
        }
        let material = TaskMaterial(examples: examples ?? [], labels: labels ?? [])
        try material.check()
        if let strategy = strategy.flatMap(AdapterStrategy.init(rawValue:)), strategy.needsExamples,
            material.examples.isEmpty
        {
            throw .invalidIntent(
                field: "examples",
                reason:
                    "are missing: the strategy \(strategy.rawValue) merges the experts nearest to them. Send some, or "
                    + "choose the strategy weighted")
        }
        if let refineSeconds, !(0...RefinementTime.maximum).contains(refineSeconds) {
            throw .invalidIntent(
                field: "refineSeconds",
                reason: "is \(refineSeconds); it must be 0 to \(Int(RefinementTime.maximum))")
        }
        let queued = QueuedIntent(
            text: text,
            options: IntentOptions(
                strategy: strategy, topK: topK, temperature: temperature.map(Float.init),
                proximity: proximity,
                seed: seed.map(UInt64.init) ?? .random(in: 0..<UInt64(Self.seedLimit)), force: force ?? false,
                formats: formats.map { $0.map(\.rawValue) }, refineSeconds: refineSeconds.map(Float.init)),
            material: material
        )
        _ = try GuidanceOptions(queued.options, defaults: .standard)
        return queued
    }

    /// The formats that an intent names, each once; nil if it names none.
    ///
    /// - Throws: `invalidIntent` for an unknown one, or for GGUF in two precisions, which would be one file.
    private static func formats(_ names: [String]?) throws(SgloradError) -> [AdapterFormat]? {
        var formats: [AdapterFormat] = []
        for name in names ?? [] {
            guard let format = AdapterFormat(rawValue: name) else {
                throw .invalidIntent(
                    field: "formats",
                    reason: "names '\(name)'; the formats are \(Self.names(AdapterFormat.allCases))")
            }
            if !formats.contains(format) { formats.append(format) }
        }
        guard formats.count(where: { $0.ggufType != nil }) <= 1 else {
            throw .invalidIntent(
                field: "formats", reason: "names gguf and gguf-f16, which are the same file; name one of them"
            )
        }
        return formats.isEmpty ? nil : formats
    }

    /// Checks an intent's text.
    ///
    /// - Throws: `invalidIntent` for a text that is blank or longer than ``textLimit``.
    static func check(text: PrivateText) throws(SgloradError) {
        guard text.byteCount <= textLimit else {
            throw .invalidIntent(
                field: "text",
                reason: "has \(text.byteCount) bytes; the limit is \(textLimit). Describe the task in a "
                    + "sentence or two")
        }
        guard !text.isBlank else {
            throw .invalidIntent(field: "text", reason: "is empty. Describe the task in plain words")
        }
    }

    fileprivate static func names(_ values: [some RawRepresentable<String>]) -> String {
        values.map(\.rawValue).joined(separator: ", ")
    }
}

extension GuidanceOptions {
    /// The guidance options of an intent, with defaults for what it leaves unset.
    ///
    /// - Throws: `invalidIntent` for an unknown measure of proximity, a K or a temperature out of range.
    package init(_ intent: IntentOptions, defaults: GuidanceOptions) throws(SgloradError) {
        var measure = defaults.measure
        if let name = intent.proximity {
            guard let named = ProximityMeasure(rawValue: name) else {
                throw .invalidIntent(
                    field: "proximity",
                    reason: "is '\(name)'; it must be one of \(Intent.names(ProximityMeasure.allCases))")
            }
            measure = named
        }
        try self.init(
            topK: intent.topK ?? defaults.topK, temperature: intent.temperature ?? defaults.temperature,
            measure: measure)
    }
}
