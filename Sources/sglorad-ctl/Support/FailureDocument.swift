import ErrorModel

/// A failure as `--json` shows it: `{"error": name, "parameters": {…}}`.
struct FailureDocument: Encodable, Sendable {
    /// A field of an error, which JSON shows as the bare value.
    struct Field: Encodable, Sendable {
        let value: SgloradError.Parameter

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .string(let text): try container.encode(text)
            case .int(let number): try container.encode(number)
            // JSON has no word for these.
            case .double(let number) where !number.isFinite: try container.encodeNil()
            case .double(let number): try container.encode(number)
            case .strings(let texts): try container.encode(texts)
            }
        }
    }

    let error: String
    let parameters: [String: Field]

    init(_ failure: Failure) {
        error = failure.name
        parameters = failure.parameters.mapValues(Field.init)
    }
}
