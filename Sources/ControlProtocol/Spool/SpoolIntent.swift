public import ErrorModel
internal import FoundationEssentials

/// What a spooled file says: one JSON object with the fields of the protocol's `Intent`.
public enum SpoolIntent {
    /// The fields that an intent may have.
    public static let fields = [
        "base", "force", "formats", "label", "proximity", "seed", "strategy", "temperature", "text", "topK",
    ]

    /// Reads a file's content.
    ///
    /// - Throws: `invalidIntent` in words that repeat nothing of the content but names of fields that there are.
    public static func read(_ bytes: [UInt8]) throws(SgloradError) -> Wire.Intent {
        // JSON's decoder would take other encodings as well.
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .invalidIntent(field: "file", reason: "is not UTF-8")
        }
        do {
            let names = try JSONDecoder().decode(FieldNames.self, from: Data(bytes)).names
            guard names.allSatisfy(fields.contains) else {
                throw SgloradError.invalidIntent(
                    field: "file",
                    reason: "has a field that no intent has; it may have " + fields.joined(separator: ", "))
            }
            return try JSONDecoder().decode(Wire.Intent.self, from: Data(bytes))
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
        case .keyNotFound(let key, _) where fields.contains(key.stringValue):
            return .invalidIntent(field: key.stringValue, reason: "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            guard let field = context.codingPath.first?.stringValue, fields.contains(field) else {
                return .invalidIntent(field: "file", reason: "must be a JSON object")
            }
            return .invalidIntent(field: field, reason: "is not of the type that it must have")
        default:
            return .invalidIntent(field: "file", reason: "is not sound JSON")
        }
    }
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
