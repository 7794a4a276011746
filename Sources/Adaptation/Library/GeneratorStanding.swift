package import ErrorModel
package import ExpertLibrary
internal import Foundation
package import Generation
package import LowRank

/// A generator and whether it can serve the current library.
package struct GeneratorStanding: Sendable {
    /// Whether a generator can serve.
    package enum State: String, Sendable {
        /// It was trained on exactly the library's experts.
        case current
        /// The library has more experts than it was trained on.
        case stale
        /// It cannot serve: an expert it was trained on was removed, or the text encoder or the layout has
        /// changed.
        case disabled
    }

    package let row: StoredGenerator
    package let record: GeneratorRecord
    package let state: State
    /// Why it is not current; nil if it is current.
    package let reason: String?

    /// Compares a generator with the current library.
    ///
    /// - Parameters:
    ///   - row: the generator's row.
    ///   - experts: the digests of the library's experts that are not foreign, that is, those a generator can
    ///     be trained on.
    ///   - encoder: the current text encoder's digest; nil if it cannot be loaded, to skip the comparison.
    ///   - layout: the base's current layout; nil to skip the comparison.
    /// - Throws: `internal` if the row's record cannot be decoded.
    package init(
        _ row: StoredGenerator, experts: Set<String>, encoder: String?, layout: AdapterLayout? = nil
    ) throws(SgloradError) {
        self.init(
            row, try Self.record(of: row), has: experts.contains, count: experts.count, encoder: encoder,
            layout: layout)
    }

    /// What a generator's row says about its training.
    ///
    /// - Throws: `internal` if it cannot be decoded.
    static func record(of row: StoredGenerator) throws(SgloradError) -> GeneratorRecord {
        do {
            return try JSONDecoder().decode(GeneratorRecord.self, from: Data(row.record.utf8))
        } catch {
            throw .internal("the record of generator \(row.id) cannot be read", cause: error)
        }
    }

    /// Compares a generator with the current library.
    ///
    /// - Parameters:
    ///   - row: the generator's row.
    ///   - record: what it says, decoded.
    ///   - has: whether the library has an expert of a digest that is not foreign.
    ///   - count: how many experts of the library are not foreign.
    ///   - encoder: the current text encoder's digest; nil to skip the comparison.
    ///   - layout: the base's current layout; nil to skip the comparison.
    init(
        _ row: StoredGenerator, _ record: GeneratorRecord, has: (String) -> Bool, count: Int,
        encoder: String?,
        layout: AdapterLayout?
    ) {
        self.row = row
        self.record = record
        let missing = record.experts.filter { !has($0.digest) }.map(\.name)
        if !missing.isEmpty {
            state = .disabled
            reason = "experts it was trained on are not in the library: \(missing.joined(separator: ", "))"
        } else if let layout, record.layout != layout {
            state = .disabled
            reason =
                record.layout.rank == layout.rank
                ? "it was trained for another layout"
                : "the library's rank is \(layout.rank) now, and was \(record.layout.rank) at training time"
        } else if let encoder, record.encoder != encoder {
            state = .disabled
            reason = "it was trained with another text encoder"
        } else if count > record.experts.count {
            state = .stale
            reason = "the library has \(count - record.experts.count) expert(s) it was not trained on"
        } else {
            state = .current
            reason = nil
        }
    }
}
