internal import ExpertLibrary
internal import Generation
internal import LinearAlgebra
internal import LowRank

/// The experts that have guided last, mapped; the least recently used ones make room.
///
/// The limits keep what they hold resident independent of the size of the library.
struct ExpertCache {
    /// An expert with the state of its file when it was mapped.
    struct Entry: Sendable {
        let loaded: LoadedExpert
        let files: MappedBlobs
    }

    /// How many experts are kept, at most.
    static let most = 256
    /// How many bytes of means are kept, at most.
    static let mostBytes = 32 << 20

    private struct Key: Hashable {
        let base: String
        let rank: Int
        let identity: LibraryEmbeddings.Identity
    }

    private var entries: [Key: (entry: Entry, usedAt: UInt64)] = [:]
    private var bytes = 0
    private var clock: UInt64 = 0

    private func key(_ identity: LibraryEmbeddings.Identity, _ base: BaseRecord) -> Key {
        Key(base: base.name, rank: base.layout.rank, identity: identity)
    }

    private static func bytes(_ entry: Entry) -> Int { 4 * entry.loaded.expert.mean.count }

    /// An expert, which counts as a use of it.
    mutating func find(_ identity: LibraryEmbeddings.Identity, of base: BaseRecord) -> Entry? {
        let key = key(identity, base)
        guard let found = entries[key]?.entry else { return nil }
        clock += 1
        entries[key]?.usedAt = clock
        return found
    }

    /// Keeps an expert.
    mutating func insert(_ entry: Entry, _ identity: LibraryEmbeddings.Identity, of base: BaseRecord) {
        remove(identity, of: base)
        clock += 1
        entries[key(identity, base)] = (entry, clock)
        bytes += Self.bytes(entry)
        guard entries.count > Self.most || bytes > Self.mostBytes else { return }
        // A quarter at a time, so that they are not sorted for each.
        for (key, old) in entries.sorted(by: { $0.value.usedAt < $1.value.usedAt }) {
            guard entries.count > Self.most * 3 / 4 || bytes > Self.mostBytes / 4 * 3 else { return }
            entries[key] = nil
            bytes -= Self.bytes(old.entry)
        }
    }

    /// Drops an expert.
    mutating func remove(_ identity: LibraryEmbeddings.Identity, of base: BaseRecord) {
        if let old = entries.removeValue(forKey: key(identity, base)) { bytes -= Self.bytes(old.entry) }
    }

    /// Drops everything.
    mutating func removeAll() {
        entries = [:]
        bytes = 0
    }
}
