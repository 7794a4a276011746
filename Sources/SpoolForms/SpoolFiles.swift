public import ErrorModel
internal import FoundationEssentials

/// Reads the files that are dropped into the spool.
public enum SpoolIntent {
    /// The fields that a file may have, in alphabetical order.
    public static let fields = Form.Intent.CodingKeys.allCases.map(\.stringValue).sorted()

    private static let exampleFields = Form.Example.CodingKeys.allCases.map(\.stringValue).sorted()

    /// Reads the content of a dropped file: one JSON object in UTF-8 with the fields of `Form.Intent` and no
    /// others.
    ///
    /// - Throws: `invalidIntent`. Its message names fields of an intent, but never repeats other content of
    ///   the file.
    public static func read(_ bytes: [UInt8]) throws(SgloradError) -> Form.Intent {
        // The decoder would accept other encodings too.
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .invalidIntent(field: "file", reason: "is not UTF-8")
        }
        do {
            let names = try JSONDecoder().decode(FieldNames.self, from: Data(bytes)).names
            guard names.allSatisfy(fields.contains) else {
                throw SgloradError.invalidIntent(
                    field: "file",
                    reason: "has an unknown field; an intent may have " + fields.joined(separator: ", "))
            }
            let intent = try JSONDecoder().decode(Form.Intent.self, from: Data(bytes))
            guard intent.examples != nil else { return intent }
            let examples = try JSONDecoder().decode(ExampleFields.self, from: Data(bytes)).examples
            guard examples.allSatisfy({ $0.names.allSatisfy(exampleFields.contains) }) else {
                throw SgloradError.invalidIntent(
                    field: "examples",
                    reason: "have an unknown field; an example may have "
                        + exampleFields.joined(separator: ", "))
            }
            return intent
        } catch let error as SgloradError {
            throw error
        } catch let error as DecodingError {
            throw invalid(error)
        } catch {
            throw .invalidIntent(field: "file", reason: "cannot be read as JSON")
        }
    }

    private static func invalid(_ error: DecodingError) -> SgloradError {
        switch error {
        case .keyNotFound(let key, let context) where context.codingPath.first?.stringValue == "examples":
            return .invalidIntent(
                field: "examples", reason: "are incomplete: \(key.stringValue) is missing in one")
        case .keyNotFound(let key, _) where fields.contains(key.stringValue):
            return .invalidIntent(field: key.stringValue, reason: "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            guard let field = context.codingPath.first?.stringValue, fields.contains(field) else {
                return .invalidIntent(field: "file", reason: "must be a JSON object")
            }
            return .invalidIntent(field: field, reason: "has the wrong type")
        default:
            return .invalidIntent(field: "file", reason: "is not valid JSON")
        }
    }
}

extension Form.SpoolFailure {
    /// The failure for an error, as the socket would report it: its parameters and its message.
    public init(_ error: SgloradError) {
        self.init(
            error: "\(Form.interface).\(error.code.name)",
            parameters: error.parameters.merging(["message": .string(error.message)]) { _, message in message
            })
    }
}

/// The names of the fields of an intent's examples.
private struct ExampleFields: Decodable {
    let examples: [FieldNames]
}

/// The names of an object's fields, whatever their values.
private struct FieldNames: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    let names: [String]

    init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
    }
}
