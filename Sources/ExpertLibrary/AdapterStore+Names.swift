public import ErrorModel
public import Executors
public import Files
internal import GRDB
internal import Synchronization

/// What became of the names when an adapter was given one.
public struct NamedAdapter: Sendable, Hashable {
    /// The adapter as it is now.
    public var adapter: AdapterRecord
    /// The adapter that had the name before, without it; nil if none had it, or this one had.
    public var replaced: AdapterRecord?
}

/// Published names: each is that of one adapter at most, and an adapter has one at most.
///
/// While an adapter has a name it is not evicted and keeps its label. Its name goes with it.
extension AdapterStore {
    /// The adapters that have names, in the order of these.
    ///
    /// - Throws: `storageFailure`.
    public func named() async throws(SgloradError) -> [AdapterRecord] {
        try await database.read { db in
            try AdapterRow.filter(AdapterRow.Columns.publishedAs != nil).fetchAdapters(db)
        }.sorted { ($0.publishedAs ?? "") < ($1.publishedAs ?? "") }
    }

    /// How many adapters have names.
    ///
    /// - Parameter uid: their owner; nil for all.
    /// - Throws: `storageFailure`.
    public func nameCount(of uid: UserID? = nil) async throws(SgloradError) -> Int {
        try await database.read { db in
            let named = AdapterRow.filter(AdapterRow.Columns.publishedAs != nil)
            return try (uid.map { named.filter(AdapterRow.Columns.uid == $0) } ?? named).fetchCount(db)
        }
    }

    /// Gives an adapter a name, which any other adapter then no longer has.
    ///
    /// - Parameters:
    ///   - id: the adapter.
    ///   - name: the name.
    ///   - most: the most bytes that its owner may have kept from eviction; nil for no limit.
    ///   - many: how many names its owner may have.
    ///   - unlessNewer: whether an adapter that was made later keeps the name.
    /// - Returns: what became of it; nil where there is no such adapter.
    /// - Throws: `busy` where its owner would have more than they may; `alreadyExists` where another user's adapter has the
    ///   name; `storageFailure`.
    public func publish(
        _ id: String, as name: String, atMost most: Int? = nil, names many: Int = .max,
        unlessNewer: Bool = false
    ) async throws(SgloradError) -> NamedAdapter? {
        guard uses.begin(id) else { return nil }
        defer { uses.end(id) }
        return try await marking.pass { () async throws(SgloradError) -> NamedAdapter? in
            guard var adapter = try await find(id) else { return nil }
            guard adapter.publishedAs != name else { return NamedAdapter(adapter: adapter) }
            let holder = try await named(name)
            if let holder {
                guard holder.uid == adapter.uid else { throw .nameTaken(name) }
                if unlessNewer, holder.createdAt > adapter.createdAt { return NamedAdapter(adapter: adapter) }
            }
            if adapter.publishedAs == nil, holder == nil {
                let count = try await nameCount(of: adapter.uid)
                guard count < many else { throw .tooManyNames(many) }
            }
            if (holder?.bytes ?? 0) < adapter.bytes { try await requireRoom(toKeep: adapter, atMost: most) }
            adapter.publishedAs = name
            return try await record(adapter, insteadOf: holder)
        }
    }

    /// Takes an adapter's name away.
    ///
    /// - Returns: the adapter as it is now, and the name that it had; nil where there is no such adapter, or it has no name.
    /// - Throws: `storageFailure`.
    public func unpublish(_ id: String) async throws(SgloradError) -> (adapter: AdapterRecord, name: String)?
    {
        try await marking.pass { () async throws(SgloradError) -> (adapter: AdapterRecord, name: String)? in
            guard var adapter = try await find(id), let name = adapter.publishedAs else { return nil }
            adapter.publishedAs = nil
            guard let nameless = try await record(adapter, insteadOf: nil) else { return nil }
            return (nameless.adapter, name)
        }
    }

    /// The adapter with a name.
    private func named(_ name: String) async throws(SgloradError) -> AdapterRecord? {
        try await database.read { db in try AdapterRow.published(as: name).fetchAdapters(db).first }
    }

    /// Records an adapter's name, or that it has none: in the manifests first, that of the former holder before.
    private func record(
        _ adapter: AdapterRecord, insteadOf holder: AdapterRecord?
    ) async throws(SgloradError) -> NamedAdapter? {
        var former = holder
        former?.publishedAs = nil
        let replaced = former
        let changed = [replaced, adapter].compactMap { $0 }
        try await settle(ifAnyOf: changed.map(\.id))
        for record in changed { try await rewriteManifest(of: record) }
        let there = try await database.write { db in
            try changed.filter { record in
                try AdapterRow.change(record.id, db) { $0.publishedAs = record.publishedAs }
            }
        }
        nameChanges.note()
        // The former name must not outlive its use in the log; the next sweep truncates it.
        database.noteErasure()
        // What was removed meanwhile must not get a manifest again.
        let gone = changed.filter { !there.contains($0) }
        if !gone.isEmpty {
            await resources.files.run { [folders] in for record in gone { folders.remove(record) } }
        }
        guard there.contains(adapter) else { return nil }
        return NamedAdapter(adapter: adapter, replaced: replaced.flatMap { there.contains($0) ? $0 : nil })
    }

    /// Lets an adapter's owner, and the group of readers as it is now, read its files; blocks.
    ///
    /// - Throws: `storageFailure` where one of them cannot be opened.
    public func share(_ adapter: AdapterRecord) throws(SgloradError) {
        try folders.share(adapter)
    }
}

/// The changes of published names: how many there were, and a bell that rings at each.
public final class NameChanges: Sendable {
    /// Rings after a change.
    public let bell = Bell()
    private let count = Atomic<Int>(0)

    /// How many changes there were; it never goes back.
    public var value: Int { count.load(ordering: .acquiring) }

    /// Notes a change.
    func note() {
        count.add(1, ordering: .releasing)
        bell.ring()
    }
}

extension SgloradError {
    /// A published name beyond what one user may have.
    fileprivate static func tooManyNames(_ many: Int) -> SgloradError {
        SgloradError(
            .busy,
            "The adapter cannot be published: one user may have \(many) published names (publish.namesPerUser). "
                + "Take one back with 'sglorad-ctl adapter unpublish'.",
            parameters: [
                "retryAfter": .double(3600),
                "reason": .string("the user has as many published names as allowed"),
            ])
    }

    /// A name that an adapter of another user has, which the rule for names excludes.
    fileprivate static func nameTaken(_ name: String) -> SgloradError {
        SgloradError(
            .alreadyExists, "The name '\(name)' cannot be given to this adapter. Choose another name.",
            parameters: ["kind": .string("name"), "name": .string(name)])
    }
}
