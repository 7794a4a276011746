package import ErrorModel
internal import Executors
package import ExpertLibrary
internal import Files
internal import Logging
internal import Synchronization

/// Publishes adapters under names to the model servers of the box: keeps the preset file of a llama-server, and a folder of PEFT
/// folders, in agreement with the names in the database.
///
/// A call that changes names returns when the files agree. Telling a running llama-server is left to `PublicationService`: no
/// call waits for it.
package final class Publication: Sendable {
    /// What publishing an adapter did.
    package struct Receipt: Sendable, Hashable {
        /// The adapter as it is now.
        package let adapter: AdapterRecord
        /// The name.
        package let name: String
        /// The adapter that had the name before; nil if none had.
        package let replaced: AdapterRecord?
        /// To which servers it is published.
        package let servers: [ModelServer]
        /// To which of the configured servers it is not, and why: sentences for people.
        package let notes: [String]
    }

    /// What a llama-server knows of the names.
    package enum RouterState: String, Sendable {
        /// It lists what the preset file has.
        case current
        /// It has not confirmed that yet.
        case pending
    }

    let options: PublicationOptions
    let store: LibraryStore
    private let policy: EvictionPolicy
    private let board: HealthBoard
    private let logger: Logger
    private let files = FileExecutor(label: "io.sglorad.publication")
    /// Passed by whoever brings the files into agreement.
    private let turn = Turnstile()
    private let written = Mutex(Written())
    private let replacements = Mutex(Replacements())

    /// What was written last.
    private struct Written {
        /// How many changes of names there were before it was read; nil before the first time.
        var changes: Int?
        /// The preset file; nil before the first time, and without a llama-server.
        var preset: PresetFile?
        /// How often the preset file has changed.
        var version = 0
        var router: RouterState?
    }

    /// Which adapters lost their names to those that were just made; the latest only, for the replies to their requests.
    private struct Replacements {
        static let most = 1024
        var made: [String] = []
        var replaced: [String: String] = [:]
    }

    init(
        _ options: PublicationOptions, store: LibraryStore, policy: EvictionPolicy, board: HealthBoard,
        logger: Logger
    ) {
        self.options = options
        self.store = store
        self.policy = policy
        self.board = board
        self.logger = logger
        if options.llamaServer?.socket != nil { written.withLock { $0.router = .pending } }
    }

    /// Whether adapters can be published at all.
    package var isConfigured: Bool { options.isConfigured }

    /// Where the preset file is; nil without a llama-server.
    package var presetPath: String? {
        options.llamaServer.map { $0.preset ?? Self.standardPreset(in: store.state) }
    }

    private static func standardPreset(in state: StateDirectory) -> String {
        state.published + "/llama-server.ini"
    }

    // MARK: Names

    /// Publishes an adapter under a name, which another adapter of the same owner then no longer has.
    ///
    /// - Parameters:
    ///   - id: the adapter.
    ///   - label: the name, without the user ID that the names of most users begin with; nil for the adapter's label.
    ///   - caller: the caller.
    /// - Throws: `notFound`; `invalidRequest` if nothing is published here, no server can take the adapter, or the label makes no
    ///   name; `busy` where its owner would have more than they may; `storageFailure`.
    package func publish(
        _ id: String, as label: String?, for caller: Caller
    ) async throws(SgloradError) -> Receipt {
        let adapter = try await adapter(id, for: caller)
        guard options.isConfigured else {
            throw .invalidRequest(
                field: "adapterId",
                reason:
                    "cannot be published: the configuration names neither publish.llamaServer nor publish.peftDirectory"
            )
        }
        guard let label = label ?? adapter.label else {
            throw .invalidRequest(
                field: "name", reason: "is missing, and the adapter has no label. Add '--name NAME'")
        }
        let name = try PublishedName(label, of: adapter.uid, owner: options.owner)
        let obstacles = try await obstacles(to: adapter)
        guard obstacles.count < options.servers.count else {
            let reasons = obstacles.map { "to \($0.server.rawValue): \($0.reason)" }.joined(separator: "; ")
            throw .invalidRequest(field: "adapterId", reason: "cannot be published \(reasons)")
        }
        try await files.run { [store] () throws(SgloradError) in try store.adapters.share(adapter) }
        guard
            let named = try await store.adapters.publish(
                adapter.id, as: name.text, atMost: policy.maximumPinnedBytesPerUser,
                names: options.namesPerUser)
        else { throw .noAdapter(id) }
        try await settle()
        let unsuited = Set(obstacles.map(\.server))
        return Receipt(
            adapter: named.adapter, name: name.text, replaced: named.replaced,
            servers: options.servers.filter { !unsuited.contains($0) },
            notes: obstacles.map { "It is not published to \($0.server.rawValue): \($0.reason)." })
    }

    /// Takes an adapter's name away.
    ///
    /// - Returns: the adapter as it is now, and the name that it had.
    /// - Throws: `notFound` also where it has no name; `storageFailure`.
    package func unpublish(
        _ id: String, for caller: Caller
    ) async throws(SgloradError) -> (adapter: AdapterRecord, name: String) {
        let adapter = try await adapter(id, for: caller)
        guard let former = try await store.adapters.unpublish(adapter.id) else {
            throw .notFound(
                "published adapter", id,
                remedy: "'sglorad-ctl adapter show' says under which name an adapter is published.")
        }
        try await settle()
        return former
    }

    /// Publishes an adapter that was just made under its label, if the configuration asks for it and a server can take it.
    ///
    /// Nothing that goes wrong here concerns the request: it is logged, and the adapter stays as it is.
    ///
    /// - Returns: the adapter as it is now.
    func publishMade(_ made: AdapterRecord) async -> AdapterRecord {
        guard options.isAutomatic, options.isConfigured, made.publishedAs == nil, let label = made.label,
            let name = try? PublishedName(label, of: made.uid, owner: options.owner)
        else { return made }
        do throws(SgloradError) {
            guard try await obstacles(to: made).count < options.servers.count,
                let named = try await store.adapters.publish(
                    made.id, as: name.text, atMost: policy.maximumPinnedBytesPerUser,
                    names: options.namesPerUser, unlessNewer: true)
            else { return made }
            if let replaced = named.replaced { note(replaced.id, replacedBy: made.id) }
            return named.adapter
        } catch {
            logger.warning(
                "an adapter could not be published under its label",
                metadata: ["adapter": "\(made.id)", "error": "\(error)"])
            return made
        }
    }

    /// The adapter that had the name of one that was published when it was made; nil if none had, or that is long ago.
    package func replaced(by id: String) -> String? { replacements.withLock { $0.replaced[id] } }

    private func note(_ replaced: String, replacedBy id: String) {
        replacements.withLock { replacements in
            replacements.made.append(id)
            replacements.replaced[id] = replaced
            if replacements.made.count > Replacements.most {
                replacements.replaced[replacements.made.removeFirst()] = nil
            }
        }
    }

    /// How many names a caller is told of.
    package func nameCount(for caller: Caller) async throws(SgloradError) -> Int {
        try await store.adapters.nameCount(of: caller.listedOwner)
    }

    private func adapter(_ id: String, for caller: Caller) async throws(SgloradError) -> AdapterRecord {
        guard let found = try await store.adapters.find(id), caller.sees(found.uid) else {
            throw .noAdapter(id)
        }
        return found
    }

    private func obstacles(
        to adapter: AdapterRecord
    ) async throws(SgloradError) -> [PublicationPlan.Obstacle] {
        PublishedForm(
            adapter, bases: try await store.bases.all(), folder: store.adapters.folder(of: adapter)
        ).obstacles(options)
    }

    // MARK: Files

    /// Brings the names into agreement with the configuration, and the files with the names; called once, before anything else.
    ///
    /// What cannot be done is said in the health, and the service tries again.
    package func begin() async {
        do throws(SgloradError) {
            if options.llamaServer == nil {
                // An earlier configuration had one.
                let path = Self.standardPreset(in: store.state)
                await files.run { Folder.remove(path) }
            }
            try await adoptOwner()
            for adapter in try await store.adapters.named() {
                try await files.run { [store] () throws(SgloradError) in try store.adapters.share(adapter) }
            }
            try await match(evenUnchanged: true)
        } catch {
            logger.error("published names cannot be brought up to date", metadata: ["error": "\(error)"])
        }
    }

    /// Gives adapters the names that they have under the configured owner; a name that is none any more is taken away.
    private func adoptOwner() async throws(SgloradError) {
        let adapters = try await store.adapters.named()
        // Those of the owner last: a former owner's may be in the way.
        for adapter in adapters.filter({ $0.uid != options.owner })
            + adapters.filter({ $0.uid == options.owner })
        {
            guard let old = adapter.publishedAs else { continue }
            let label = PublishedName.label(of: old, uid: adapter.uid)
            let new = try? PublishedName(label, of: adapter.uid, owner: options.owner).text
            guard new != old else { continue }
            if let new {
                _ = try await store.adapters.publish(adapter.id, as: new)
            } else {
                _ = try await store.adapters.unpublish(adapter.id)
            }
            logger.notice(
                "an adapter's published name follows the configured owner",
                metadata: ["adapter": "\(adapter.id)", "isPublished": "\(new != nil)"])
        }
    }

    /// Has the service look at names and base models, because a base model has changed.
    func lookAgain() { store.adapters.nameChanges.bell.ring() }

    /// Brings the files into agreement with the names, if these have changed since they were written.
    ///
    /// - Throws: `storageFailure`; the service then tries again.
    func settle() async throws(SgloradError) {
        guard options.isConfigured, written.withLock({ $0.changes }) != store.adapters.nameChanges.value
        else { return }
        try await match()
    }

    /// Brings the files into agreement with the names and the base models.
    ///
    /// - Parameter evenUnchanged: whether files that agree are written anew.
    /// - Throws: `storageFailure`.
    func match(evenUnchanged: Bool = false) async throws(SgloradError) {
        guard options.isConfigured else { return }
        do throws(SgloradError) {
            try await turn.pass { () async throws(SgloradError) in
                try await matchNow(evenUnchanged: evenUnchanged)
            }
            board.clear(Self.filesCondition)
        } catch {
            written.withLock { $0.changes = nil }
            board.report(
                Self.filesCondition, error,
                remedy:
                    "Model servers may offer names that are gone, or lack new ones, until the daemon can write there; it "
                    + "tries again.",
                audience: .summary(
                    "What is published to model servers cannot be brought up to date at present."))
            throw error
        }
    }

    private static let filesCondition = "publish/files"
    private static let takenCondition = "publish/names"

    private func matchNow(evenUnchanged: Bool) async throws(SgloradError) {
        let changes = store.adapters.nameChanges.value
        let plan = PublicationPlan(
            try await store.adapters.named(), bases: try await store.bases.all(), options,
            folder: { store.adapters.folder(of: $0) })
        let (state, path, directory) = (store.state, presetPath, options.peftDirectory)
        let taken = try await files.run { () throws(SgloradError) -> [String] in
            var taken: [String] = []
            if let path, let preset = plan.preset {
                try preset.write(to: path, state, evenUnchanged: evenUnchanged)
            }
            if let directory, let folders = plan.folders {
                taken = try PublishedFolders(root: directory, state: state)
                    .match(folders, evenUnchanged: evenUnchanged)
            }
            return taken
        }
        written.withLock { written in
            written.changes = changes
            guard let preset = plan.preset, preset != written.preset else { return }
            written.preset = preset
            written.version += 1
            if written.router != nil { written.router = .pending }
        }
        report(plan, taken: taken)
    }

    /// Says which names nobody serves.
    private func report(_ plan: PublicationPlan, taken: [String]) {
        var sentences = plan.unserved.sorted { $0.key < $1.key }.map { name, obstacles in
            "'\(name)' is served by nobody: \(obstacles.map(\.reason).joined(separator: "; "))."
        }
        if let directory = options.peftDirectory {
            sentences += taken.map {
                "\(directory)/\($0) is not the daemon's, so that '\($0)' has no folder."
            }
        }
        guard !sentences.isEmpty else { return board.clear(Self.takenCondition) }
        let shown = sentences.prefix(8).joined(separator: " ")
        board.raise(
            Condition(
                name: Self.takenCondition,
                message: sentences.count > 8
                    ? "\(shown) \(sentences.count - 8) more names have no server." : shown,
                remedy: "Do what is said, or take the names back with 'sglorad-ctl adapter unpublish'."))
    }

    // MARK: The llama-server

    /// The names in the preset file as it was written last, and the number of its version.
    var preset: (names: Set<String>, version: Int) {
        written.withLock { (Set($0.preset?.sections.map(\.name) ?? []), $0.version) }
    }

    /// What the llama-server knows; nil if none is told.
    package var routerState: RouterState? { written.withLock { $0.router } }

    /// Notes what the llama-server knows of a version of the preset file.
    func note(_ state: RouterState, ofVersion version: Int) {
        written.withLock { written in
            guard written.router != nil else { return }
            written.router = state == .current && written.version == version ? .current : .pending
        }
    }
}
