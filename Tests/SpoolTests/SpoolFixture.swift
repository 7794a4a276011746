import ErrorModel
import Executors
import Files
import Privacy
import SpoolForms
import Testing

@testable import Spool

/// A spool with a backend in memory instead of a daemon.
final class SpoolFixture: Sendable {
    let spool: TemporarySpool
    let backend: BackendDouble
    let pool = ComputePool(threads: 2)

    init(capacity: Int = 10_000, perUser: Int = 1_000, owners: [UserID: UserID] = [:]) throws {
        spool = try TemporarySpool()
        backend = BackendDouble(capacity: capacity, perUser: perUser, owners: owners)
    }

    func close() async { await pool.shutdown() }

    /// An intake, by default without a settle time, so that invalid files are rejected at once, and with time for every
    /// file.
    func intake(
        settling: Int = 0, keepsRejected: Bool = true, slice: Duration = .seconds(600)
    ) -> SpoolIntake {
        SpoolIntake(
            folder: spool.folder, backend: backend, pool: pool, keepsRejected: keepsRejected,
            settling: settling, slice: slice)
    }

    func deliver() async throws -> SpoolDelivery.Outcome {
        try await SpoolDelivery(folder: spool.folder, backend: backend, pool: pool).deliver()
    }
}

/// A queue in memory that knows the base "b": it answers as the daemon's does, and forgets everything at the end.
actor BackendDouble: SpoolBackend {
    /// A request that was made of a spooled intent.
    struct Request: Sendable {
        let sequence: Int
        let intent: SpooledIntent
        /// When it became final, on a clock of the double's own.
        var ended = 0.0
        var isFinal = false
    }

    private struct Key: Hashable {
        let owner: UserID
        let digest: String
    }

    nonisolated let mostPerUser: Int
    /// The subordinate users, and whose account they count under.
    nonisolated let owners: [UserID: UserID]
    private let capacity: Int
    private(set) var requests: [Request] = []
    private var known: [Key: Int] = [:]
    private var open: [UserID: Int] = [:]
    private var openCount = 0
    private var owed: Set<Int> = []
    private var next = 0
    /// The sizes of the batches that were admitted.
    private(set) var batches: [Int] = []
    /// Whether users have a share of the disk left.
    var hasShare = true
    /// What every call to the backend throws.
    var failure: SgloradError?

    init(capacity: Int, perUser: Int, owners: [UserID: UserID] = [:]) {
        self.capacity = capacity
        self.owners = owners
        mostPerUser = min(perUser, capacity)
    }

    nonisolated func account(of owner: UserID) -> UserID { owners[owner] ?? owner }

    func set(hasShare: Bool) { self.hasShare = hasShare }

    func set(failure: SgloradError?) { self.failure = failure }

    func room(for owner: UserID) throws(SgloradError) -> Int {
        if let failure { throw failure }
        return hasShare
            ? max(0, min(capacity - openCount, mostPerUser - open[account(of: owner), default: 0])) : 0
    }

    func hasRoom() throws(SgloradError) -> Bool {
        if let failure { throw failure }
        return openCount < capacity
    }

    func admit(_ intents: [SpooledIntent]) throws(SgloradError) -> [SpoolAdmission] {
        if let failure { throw failure }
        batches.append(intents.count)
        return intents.map { admit($0) }
    }

    private func admit(_ intent: SpooledIntent) -> SpoolAdmission {
        if let base = intent.intent.base, base != "b" {
            return .invalid(SgloradError(.unknownBase, "There is no base '\(base)', only b."))
        }
        if intent.intent.text.isBlank {
            return .invalid(.invalidIntent(field: "text", reason: "is blank"))
        }
        let key = Key(owner: intent.owner, digest: intent.digest)
        if let sequence = known[key] {
            if requests[sequence - 1].isFinal { owed.insert(sequence) }
            return .accepted
        }
        let account = account(of: intent.owner)
        guard openCount < capacity, open[account, default: 0] < mostPerUser else { return .deferred }
        requests.append(Request(sequence: requests.count + 1, intent: intent))
        known[key] = requests.count
        open[account, default: 0] += 1
        openCount += 1
        return .accepted
    }

    /// Ends the oldest open request.
    ///
    /// - Returns: whether there was one.
    func finishNext() -> Bool {
        guard next < requests.count else { return false }
        let owner = requests[next].intent.owner
        requests[next].isFinal = true
        requests[next].ended = Double(next) + 0.5
        next += 1
        owed.insert(next)
        open[account(of: owner), default: 1] -= 1
        openCount -= 1
        return true
    }

    func owedUsers() throws(SgloradError) -> [UserID] {
        if let failure { throw failure }
        return Set(owed.map { requests[$0 - 1].intent.owner }).sorted()
    }

    func undelivered(
        for owner: UserID, after sequence: Int, limit: Int
    ) throws(SgloradError) -> [UndeliveredResult] {
        if let failure { throw failure }
        return owed.filter { $0 > sequence && requests[$0 - 1].intent.owner == owner }.sorted().prefix(limit)
            .map { sequence in
                let request = requests[sequence - 1]
                return UndeliveredResult(
                    sequence: sequence, ended: request.ended, owner: request.intent.owner,
                    name: request.intent.name,
                    result: Form.SpoolResult(
                        state: .done, requestId: "r-\(sequence)", label: request.intent.intent.label))
            }
    }

    func delivered(_ results: [UndeliveredResult]) throws(SgloradError) {
        if let failure { throw failure }
        for result in results where requests[result.sequence - 1].ended == result.ended {
            owed.remove(result.sequence)
        }
    }

    /// How many results are not delivered.
    var owedCount: Int { owed.count }
}
