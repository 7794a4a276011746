internal import ErrorModel
internal import Foundation

/// How manifests are written and read: JSON with sorted keys, for people to read as well.
enum Manifest {
    static func encode(_ value: some Encodable) throws(SgloradError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        do {
            return Array(try encoder.encode(value)) + [0x0A]
        } catch {
            throw .internal("a manifest could not be written as JSON", cause: error)
        }
    }

    /// What a manifest says; nil where it is missing, or not of that form.
    static func read<T: Decodable>(_ type: T.Type, _ path: String) -> T? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try? decoder.decode(type, from: data)
    }
}
