package import ErrorModel
internal import Executors
internal import ExpertLibrary
package import Files
internal import Generation
internal import Glibc
package import IntentQueue
internal import Storage
internal import Synchronization

/// Examines the daemon's health: encoder, quarantine, disk, generators and queue.
package final class Health: Sendable {
    /// The daemon's health at one moment.
    package struct View: Sendable {
        /// All conditions.
        package var conditions: [Condition]
        /// The text encoder; nil if it cannot be loaded.
        package var encoder: LoadedEncoder?
        /// The number of each user's requests in each state.
        package var countsByUser: [UserID: [RequestState: Int]]
        /// The number of requests in each state.
        package var counts: [RequestState: Int]

        /// The conditions that a caller is told of: an administrator of all, a user of what concerns them.
        package func conditions(for caller: Caller) -> [Condition] {
            conditions.compactMap { $0.told(to: caller) }
        }

        /// The number of requests in each state that a caller may see.
        package func counts(for caller: Caller) -> [RequestState: Int] {
            caller.listedOwner.map { countsByUser[$0] ?? [:] } ?? counts
        }
    }

    /// The free space below which a condition is raised, before writes fail.
    static let leastFreeBytes = 256 << 20

    let board: HealthBoard
    let state: StateDirectory
    let store: LibraryStore
    let queue: RequestQueue
    let encoders: EncoderProvider
    let pool: ComputePool
    /// The conditions of the generators, as long as the library has not changed: finding them reads all of it.
    private let known = Mutex<KnownConditions?>(nil)

    private struct KnownConditions {
        let version: Int
        let encoder: String?
        let conditions: [Condition]
    }

    init(
        board: HealthBoard, state: StateDirectory, store: LibraryStore, queue: RequestQueue,
        encoders: EncoderProvider, pool: ComputePool
    ) {
        (self.board, self.state, self.store) = (board, state, store)
        (self.queue, self.encoders, self.pool) = (queue, encoders, pool)
    }

    /// Examines everything; callers share one examination (`CoalescedRead`).
    package func examine() async throws(SgloradError) -> View {
        var conditions = board.all
        var encoder: LoadedEncoder?
        do throws(SgloradError) {
            encoder = try await encoders.loaded()
        } catch {
            conditions.append(
                Condition(
                    name: "text-encoder", message: error.message,
                    remedy:
                        "Get the encoder with 'make model' or the package sglorad-minilm, and name its folder in the "
                        + "key 'model'; the daemon retries at the next request.",
                    audience: .everybody))
        }
        let state = state
        conditions += try await pool.run { () throws(SgloradError) in
            Quarantine(state).items.map { item in
                Condition(
                    name: "damaged/\(item.name)", message: item.reason,
                    remedy: "Inspect \(item.path), and remove the folder when you no longer need it.")
            } + Self.disk(state)
        }
        conditions += try await generators(encoder: encoder?.digest)
        let byUser = try await queue.countsByUser()
        let counts = byUser.values.reduce(into: [:]) { all, ofUser in
            all.merge(ofUser) { $0 + $1 }
        }
        conditions += waiting(counts)
        return View(conditions: conditions, encoder: encoder, countsByUser: byUser, counts: counts)
    }

    private static func disk(_ state: StateDirectory) -> [Condition] {
        var disk = statvfs()
        guard statvfs(state.root, &disk) == 0 else { return [] }
        let free = Int(disk.f_bavail) * Int(disk.f_frsize)
        guard free < leastFreeBytes else { return [] }
        return [
            Condition(
                name: "disk", message: "The disk of \(state.root) has \(free >> 20) MiB left.",
                remedy: "Free space there, or lower cache.maximumBytes and run 'sglorad-ctl cache evict'.",
                audience: .everybody)
        ]
    }

    /// The systems of each base whose generators are all disabled.
    private func generators(encoder: String?) async throws(SgloradError) -> [Condition] {
        let version = store.version
        if let known = known.withLock({ $0 }), known.version == version, known.encoder == encoder {
            return known.conditions
        }
        let conditions = try await findGenerators(encoder: encoder)
        known.withLock { $0 = KnownConditions(version: version, encoder: encoder, conditions: conditions) }
        return conditions
    }

    private func findGenerators(encoder: String?) async throws(SgloradError) -> [Condition] {
        let rows = Dictionary(grouping: try await store.generators.all(), by: \.base)
        var conditions: [Condition] = []
        for (base, rows) in rows.sorted(by: { $0.key < $1.key }) {
            guard let library = try await store.bases.library(base) else { continue }
            let experts = Set(library.experts.filter { !$0.isForeign }.map(\.digest))
            // A generator that cannot be read has a condition of its own on the board.
            let standings = rows.compactMap {
                try? GeneratorStanding(
                    $0, experts: experts, encoder: encoder, layout: library.base.layout)
            }
            for system in GeneratorSystem.allCases {
                let own = standings.filter { $0.record.system == system }
                guard let newest = own.first, own.allSatisfy({ $0.state == .disabled }) else { continue }
                conditions.append(Self.unserved(system, base: base, newest))
            }
        }
        return conditions
    }

    /// A system whose strategy served requests, and serves none now.
    private static func unserved(
        _ system: GeneratorSystem, base: String, _ newest: GeneratorStanding
    ) -> Condition {
        let reason = newest.reason ?? "it is damaged"
        guard system != .sgLoRA else {
            return Condition(
                name: "generator/\(base)",
                message: "All generators of '\(base)' are disabled. The newest: \(reason).",
                remedy: "Train one with 'sglorad-ctl generator train --base \(base)'.", audience: .everybody)
        }
        // Only an administrator with the experts' tasks can train it, or does without it.
        return Condition(
            name: "strategy/\(system.rawValue)/\(base)",
            message:
                "All generators of the strategy \(system.rawValue) for '\(base)' are disabled. The newest: \(reason).",
            remedy:
                "Train one with 'sglorad-ctl generator train --system \(system.rawValue) --base \(base) --tasks DIR', or "
                + "remove it with 'sglorad-ctl generator remove \(newest.row.id)' if the strategy is no longer needed.",
            audience: .everybody)
    }

    private func waiting(_ counts: [RequestState: Int]) -> [Condition] {
        let open = (counts[.queued] ?? 0) + (counts[.running] ?? 0)
        guard open >= queue.options.capacity else { return [] }
        return [
            Condition(
                name: "queue",
                message: "The queue is full: as many requests are open as queue.capacity allows.",
                remedy: "Wait, raise queue.capacity, or cancel some with 'sglorad-ctl queue cancel'.",
                audience: .everybody)
        ]
    }
}
