internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import Generation
internal import LowRank

/// A generator with how it stands to the library of the moment.
struct GeneratorStanding: Sendable {
    /// Whether and with what a generator may serve.
    enum State: String, Sendable {
        /// Its experts are the library's.
        case current
        /// The library has more experts than it was trained on.
        case stale
        /// An expert that it was trained on is gone, or the text encoder or the library's rank is another.
        case disabled
    }

    let row: GeneratorRow
    let record: GeneratorRecord
    let state: State
    /// Why it is not current.
    let reason: String?

    /// Judges a generator.
    ///
    /// - Parameters:
    ///   - experts: the digests of the library's experts that are not foreign: those a generator can be trained on.
    ///   - encoder: the present text encoder's digest; nil where it cannot be loaded, which nothing is held against.
    ///   - layout: the base's present layout.
    init(
        _ row: GeneratorRow, experts: Set<String>, encoder: String?, layout: AdapterLayout? = nil
    ) throws(SgloradError) {
        self.row = row
        do {
            record = try JSONDecoder().decode(GeneratorRecord.self, from: Data(row.record.utf8))
        } catch {
            throw .internal("the record of generator \(row.id) cannot be read", cause: error)
        }
        let missing = record.experts.filter { !experts.contains($0.digest) }.map(\.name)
        if !missing.isEmpty {
            state = .disabled
            reason = "experts it was trained on are not in the library: \(missing.joined(separator: ", "))"
        } else if let layout, record.layout != layout {
            state = .disabled
            reason =
                record.layout.rank == layout.rank
                ? "it was trained for another layout"
                : "the library's rank is \(layout.rank) now, and was \(record.layout.rank) when it was trained"
        } else if let encoder, record.encoder != encoder {
            state = .disabled
            reason = "it was trained with another text encoder"
        } else if experts.count > record.experts.count {
            state = .stale
            reason = "the library has \(experts.count - record.experts.count) expert(s) that it does not know"
        } else {
            state = .current
            reason = nil
        }
    }
}

/// A base model with its library and generators at one moment.
struct BaseSnapshot: Sendable {
    /// The generator that serves `sg-lora`, and the experts it was trained on.
    struct Serving: Sendable {
        let generator: SemanticGuidedGenerator
        let library: Library
        let digest: String
        let id: String
    }

    let base: BaseRecord
    /// The experts' rows, sorted by name as ``library`` has them.
    let experts: [ExpertRecord]
    let library: Library
    /// The library's digest.
    let digest: String
    /// Newest first.
    let generators: [GeneratorStanding]
    let serving: Serving?

    /// The digest of a library: of its experts' sorted digests.
    static func digest(of experts: [String]) -> String {
        FileDigest.sha256(experts.sorted().joined(separator: "\n").utf8)
    }
}
