internal import ErrorModel
internal import Files
internal import GRDB
internal import Storage

/// How many more requests the queue admits, in total and per user, counted by accounts.
///
/// Valid within one transaction, in which nothing else may admit requests: it counts the open requests once and then adds
/// what it admits itself.
struct QueueRoom {
    private let db: Database
    private let capacity: Int
    private let perUser: Int
    private let ended: EndedRequests
    private var open: Int?
    private var own: [UserID: Int] = [:]
    private var hasRoomForEnded: [UserID: Bool] = [:]

    init(_ db: Database, _ options: QueueOptions) {
        self.db = db
        capacity = options.capacity
        perUser = options.perUser
        ended = EndedRequests(options)
    }

    /// Whether any request at all would be admitted.
    mutating func isAvailable() throws -> Bool { try countOpen() < capacity }

    /// How many more requests a user may submit.
    mutating func left(for user: UserID) throws -> Int {
        guard try ended.hasRoom(db, for: user, deleting: false) else { return 0 }
        return max(0, min(try capacity - countOpen(), try perUser - countOpen(of: user)))
    }

    /// The most open requests with examples or labels, which may take hundreds of kilobytes each; of one user, and of all.
    static let materials = (perUser: 64, all: 1_024)

    /// Reserves one place.
    ///
    /// - Parameters:
    ///   - user: the account.
    ///   - withMaterial: whether the request has examples or labels.
    /// - Throws: `busy` where there is none.
    mutating func reserve(for user: UserID, withMaterial: Bool = false) throws {
        let (open, own) = (try countOpen(), try countOpen(of: user))
        guard open < capacity else {
            throw SgloradError(
                .busy, "The queue is full (\(capacity) requests are open). Try again in a few seconds.",
                parameters: ["retryAfter": .double(2), "reason": .string("the queue is full")])
        }
        guard own < perUser else {
            throw SgloradError(
                .busy,
                "You have \(perUser) open requests, as many as one user may have. Wait for some to end, or cancel "
                    + "them with 'sglorad-ctl queue cancel'.",
                parameters: [
                    "retryAfter": .double(2), "reason": .string("the user has too many open requests"),
                ])
        }
        if withMaterial { try requireRoomForMaterial(of: user) }
        guard try hasRoomForEnded(of: user) else { throw ended.refusal }
        (self.open, self.own[user]) = (open + 1, own + 1)
    }

    private func requireRoomForMaterial(of user: UserID) throws {
        let own = try MaterialRecord.filter(MaterialRecord.Columns.account == user).fetchCount(db)
        let all = try MaterialRecord.fetchCount(db)
        guard own >= Self.materials.perUser || all >= Self.materials.all else { return }
        let whose =
            own >= Self.materials.perUser
            ? "You have \(own) requests with examples or labels in the queue, as many as one user may have."
            : "The queue holds \(all) requests with examples or labels, as many as it may."
        throw SgloradError(
            .busy, "\(whose) Wait for some to end, or request without examples.",
            parameters: [
                "retryAfter": .double(5), "reason": .string("too many requests with examples are open"),
            ])
    }

    /// Whether a user's ended requests leave room for another; those that may go are deleted first.
    private mutating func hasRoomForEnded(of user: UserID) throws -> Bool {
        if let known = hasRoomForEnded[user] { return known }
        let hasRoom = try ended.hasRoom(db, for: user, deleting: true)
        hasRoomForEnded[user] = hasRoom
        return hasRoom
    }

    private mutating func countOpen() throws -> Int {
        let count = try open ?? RequestTally.open(db)
        open = count
        return count
    }

    private mutating func countOpen(of user: UserID) throws -> Int {
        let count = try own[user] ?? RequestTally.open(db, of: user)
        own[user] = count
        return count
    }
}
