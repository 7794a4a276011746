package import ErrorModel
package import ExpertLibrary
package import Foundation
package import IntentQueue
package import SpoolForms

extension Intent {
    /// Converts an intent from a message or a spooled file.
    package init(_ intent: Form.Intent) {
        self.init(
            text: intent.text, base: intent.base, strategy: intent.strategy, topK: intent.topK,
            temperature: intent.temperature, proximity: intent.proximity, seed: intent.seed,
            formats: intent.formats, label: intent.label, force: intent.force,
            examples: intent.examples?.map(TaskMaterial.Example.init), labels: intent.labels,
            refineSeconds: intent.refineSeconds)
    }
}

extension TaskMaterial.Example {
    /// Converts an example from a message or a spooled file.
    package init(_ example: Form.Example) {
        self.init(text: example.text, answer: example.answer)
    }
}

extension Form.Adapter {
    /// Converts a published adapter for a message or a spooled result.
    ///
    /// - Parameters:
    ///   - record: the adapter.
    ///   - store: the store that holds it, for the path of its folder.
    package init(_ record: AdapterRecord, in store: LibraryStore) throws(SgloradError) {
        self.init(
            adapterId: record.id, base: record.base,
            digest: record.weights?.digest ?? "",
            files: record.files.map { Form.AdapterFile(name: $0.name, bytes: $0.bytes, digest: $0.digest) },
            bytes: record.bytes, path: store.adapters.folder(of: record), label: record.label,
            createdAt: JSONText.time(record.createdAt), truncated: record.truncated ? true : nil,
            pinned: record.isPinned ? true : nil, published: record.publishedAs,
            provenance: try JSONText.decode(Form.Provenance.self, record.provenance))
    }
}

extension AdapterRecord {
    /// The file with the adapter's numbers: `adapter_model.safetensors`, or `adapter_model.gguf` if there is no other.
    fileprivate var weights: File? {
        files.first { $0.name.hasSuffix(".safetensors") } ?? files.first { $0.name.hasSuffix(".gguf") }
    }
}

/// Values as JSON text with sorted keys: equal values give equal text.
package enum JSONText {
    package static func encode(_ value: some Encodable) throws(SgloradError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw .internal("a value could not be encoded as JSON", cause: error)
        }
    }

    package static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws(SgloradError) -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw .internal("stored JSON cannot be decoded as \(type)", cause: error)
        }
    }

    /// Formats a time as RFC 3339 in UTC.
    package static func time(_ date: Date) -> String {
        date.formatted(.iso8601)
    }
}
