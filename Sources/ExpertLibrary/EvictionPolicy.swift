public import Files
public import Foundation
internal import GRDB
internal import Storage

/// How many published adapters are kept, and for how long.
public struct EvictionPolicy: Sendable, Hashable {
    /// The most bytes that all adapters' files may take; nil for no limit.
    public var maximumBytes: Int?
    /// The most bytes that one user's adapters may take; nil for no limit.
    public var maximumBytesPerUser: Int?
    /// How long an adapter is kept after its last use, in seconds; nil for ever.
    public var maximumAge: Double?
    /// How long an adapter is safe from eviction after its publication, in seconds.
    public var minimumAge: Double
    /// How many bytes each user keeps whatever others need; 0 for none.
    public var guaranteedBytesPerUser: Int
    /// The most bytes that one user may have pinned; nil for no limit.
    public var maximumPinnedBytesPerUser: Int?

    public init(
        maximumBytes: Int? = nil, maximumBytesPerUser: Int? = nil, maximumAge: Double? = nil,
        minimumAge: Double = 300, guaranteedBytesPerUser: Int = 0, maximumPinnedBytesPerUser: Int? = nil
    ) {
        self.maximumBytes = maximumBytes
        self.maximumBytesPerUser = maximumBytesPerUser
        self.maximumAge = maximumAge
        self.minimumAge = minimumAge
        self.guaranteedBytesPerUser = guaranteedBytesPerUser
        self.maximumPinnedBytesPerUser = maximumPinnedBytesPerUser
    }

    /// Chooses the adapters to evict: those beyond ``maximumAge``; then, of each user above ``maximumBytesPerUser``, the
    /// least recently used; then the least recently used of all, until the rest fits ``maximumBytes``.
    ///
    /// Adapters that are pinned, protected or younger than ``minimumAge`` stay, even if the rest is still too large.
    /// What a user keeps beyond ``maximumBytesPerUser`` in this way does not count towards ``maximumBytes``, so that other
    /// users do not lose adapters for it. For ``maximumBytes`` nobody loses an adapter without which they would have less than
    /// ``guaranteedBytesPerUser``: what others have pinned never takes somebody's last one.
    ///
    /// - Parameters:
    ///   - adapters: all adapters.
    ///   - protected: the identifiers of adapters that must stay.
    ///   - account: under whom a user is counted.
    ///   - now: the wall clock, which the times of the footprints were counted back from.
    /// - Returns: the adapters to evict, least recently used first.
    public func victims(
        among adapters: [AdapterFootprint], protecting protected: Set<String> = [],
        account: (UserID) -> UserID = { $0 }, now: Date
    ) -> [AdapterFootprint] {
        let free = adapters.filter { adapter in
            !adapter.isPinned && !protected.contains(adapter.id) && comesOfAge(adapter) <= now
        }.sorted { ($0.usedAt, $0.id) < ($1.usedAt, $1.id) }
        var own: [UserID: Int] = [:]
        for adapter in adapters { own[account(adapter.uid), default: 0] += adapter.bytes }
        let share = maximumBytesPerUser ?? .max
        // Each user counts for their share at most.
        var all = own.values.reduce(0) { $0 + min($1, share) }
        var victims: Set<String> = []
        func evict(where isDue: (AdapterFootprint) -> Bool) {
            for adapter in free where !victims.contains(adapter.id) && isDue(adapter) {
                victims.insert(adapter.id)
                let owner = account(adapter.uid)
                let before = own[owner, default: 0]
                let after = before - adapter.bytes
                own[owner] = after
                all -= min(before, share) - min(after, share)
            }
        }
        if let maximumAge { evict { now.timeIntervalSince($0.usedAt) > maximumAge } }
        if let maximumBytesPerUser { evict { own[account($0.uid), default: 0] > maximumBytesPerUser } }
        if let maximumBytes {
            evict { adapter in
                all > maximumBytes
                    && (guaranteedBytesPerUser == 0
                        || own[account(adapter.uid), default: 0] - adapter.bytes >= guaranteedBytesPerUser)
            }
        }
        return free.filter { victims.contains($0.id) }
    }

    /// The moment from which an adapter may be evicted.
    public func comesOfAge(_ adapter: AdapterFootprint) -> Date {
        adapter.createdAt.addingTimeInterval(minimumAge)
    }
}

/// What an eviction needs to know about a published adapter.
///
/// Whole rows are read only for the evicted ones.
public struct AdapterFootprint: Sendable, Hashable {
    public var id: String
    /// The user it belongs to.
    public var uid: UserID
    /// The request that it answers.
    public var request: String
    /// The bytes of all files.
    public var bytes: Int
    /// Whether it is never evicted.
    public var isPinned: Bool
    /// When it was published: the present time less its age, whatever the wall clock was then.
    public var createdAt: Date
    /// When it was last shown or read, counted in the same way; its publication counts as the first use.
    public var usedAt: Date

    public init(
        id: String, uid: UserID, request: String, bytes: Int, isPinned: Bool, createdAt: Date, usedAt: Date
    ) {
        self.id = id
        self.uid = uid
        self.request = request
        self.bytes = bytes
        self.isPinned = isPinned
        self.createdAt = createdAt
        self.usedAt = usedAt
    }
}

/// What an eviction did, or would do.
public struct Eviction: Sendable, Hashable {
    /// The evicted adapters, least recently used first.
    public var evicted: [AdapterFootprint]
    /// The adapters that are left.
    public var kept: LibraryUsage
}

/// The columns of `adapter` that make a footprint.
struct FootprintRow: FetchableRecord, TableRecord {
    static let databaseTableName = "adapter"

    static var databaseSelection: [any SQLSelectable] {
        typealias Columns = AdapterRow.Columns
        return [
            Columns.id, Columns.uid, Columns.request, Columns.bytes, Columns.isPinned,
            AdapterAges.createdAge, AdapterAges.usedAge,
        ]
    }

    private let adapter: AdapterFootprint
    private let createdAge: Double?
    /// The service's age when it was last used; nil before it is set.
    let usedAge: Double?

    init(row: Row) throws {
        typealias Columns = AdapterRow.Columns
        createdAge = try row.decode(forColumn: AdapterAges.createdAge.name)
        usedAge = try row.decode(forColumn: AdapterAges.usedAge.name)
        adapter = AdapterFootprint(
            id: try row.decode(forColumn: Columns.id.name),
            uid: try row.decode(UserID.self, forColumn: Columns.uid.name),
            request: try row.decode(forColumn: Columns.request.name),
            bytes: try row.decode(forColumn: Columns.bytes.name),
            isPinned: try row.decode(forColumn: Columns.isPinned.name), createdAt: .distantPast,
            usedAt: .distantPast)
    }

    /// The footprint, with times counted back from a moment by the adapter's ages.
    func footprint(at now: ServiceTime.Moment) -> AdapterFootprint {
        var adapter = adapter
        adapter.createdAt = Date(timeIntervalSince1970: now.wall - max(0, now.age - (createdAge ?? now.age)))
        adapter.usedAt = Date(timeIntervalSince1970: now.wall - max(0, now.age - (usedAge ?? now.age)))
        return adapter
    }
}
