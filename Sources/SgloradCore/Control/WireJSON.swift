internal import ErrorModel
internal import Foundation

/// Values as JSON text with sorted keys: the same value, the same text.
enum WireJSON {
    static func string(_ value: some Encodable) throws(SgloradError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw .internal("a value could not be written as JSON", cause: error)
        }
    }

    static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws(SgloradError) -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw .internal("what the database holds cannot be read as JSON", cause: error)
        }
    }

    /// A time as the protocol writes it.
    static func time(_ date: Date) -> String {
        date.formatted(.iso8601)
    }
}
