internal import ErrorModel
internal import IntentQueue
internal import Privacy

/// How long refinements take.
package enum RefinementTime {
    /// The most seconds that an intent may ask for.
    package static let maximum = 60.0
    /// The seconds of an intent that names none.
    package static let standard = 5.0
}

extension TaskMaterial {
    /// The most examples, and the most labels.
    static let mostExamples = 32
    static let mostLabels = 1_000
    /// The maximum size in bytes of an example's text, and of a label or an answer.
    static let textLimit = 1_024
    static let labelLimit = 256

    /// Checks the examples and labels of an intent.
    ///
    /// The errors name places, and quote nothing.
    ///
    /// - Throws: `invalidIntent`, which names the field.
    func check() throws(SgloradError) {
        guard examples.count <= Self.mostExamples else {
            throw .invalidIntent(
                field: "examples",
                reason:
                    "are \(examples.count); the limit is \(Self.mostExamples). Send those that differ most")
        }
        guard labels.count <= Self.mostLabels else {
            throw .invalidIntent(
                field: "labels", reason: "are \(labels.count); the limit is \(Self.mostLabels)")
        }
        for (place, example) in examples.enumerated() {
            try Self.check(
                example.text, atMost: Self.textLimit, "examples", "the text of example \(place + 1)")
            guard let answer = example.answer else { continue }
            try Self.check(answer, atMost: Self.labelLimit, "examples", "the answer of example \(place + 1)")
        }
        for (place, label) in labels.enumerated() {
            try Self.check(label, atMost: Self.labelLimit, "labels", "label \(place + 1)")
        }
        guard Set(labels).count == labels.count else {
            throw .invalidIntent(field: "labels", reason: "hold one label twice; list each answer once")
        }
    }

    private static func check(
        _ text: PrivateText, atMost limit: Int, _ field: String, _ what: String
    ) throws(SgloradError) {
        guard text.byteCount <= limit else {
            throw .invalidIntent(
                field: field,
                reason: "are too long: \(what) has \(text.byteCount) bytes; the limit is \(limit)")
        }
        guard !text.isBlank else {
            throw .invalidIntent(field: field, reason: "are incomplete: \(what) is empty")
        }
    }
}
