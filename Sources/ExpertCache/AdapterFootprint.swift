public import Foundation
internal import GRDB

/// What an eviction must know of a published adapter; the whole row, which is long, is read only of those that go.
public struct AdapterFootprint: Sendable, Hashable {
    /// The identifier.
    public var id: String
    /// Whose it is.
    public var uid: Int
    /// The request that it answers.
    public var request: String
    /// The bytes of all files.
    public var bytes: Int
    /// Whether it is never evicted.
    public var isPinned: Bool
    /// When it was published.
    public var createdAt: Date
    /// When it was last shown or read; when it was published, where it never was.
    public var usedAt: Date

    /// Makes a footprint.
    public init(
        id: String, uid: Int, request: String, bytes: Int, isPinned: Bool, createdAt: Date, usedAt: Date
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

extension AdapterFootprint {
    /// The columns that a footprint is read from.
    static let columns = "id, uid, request, bytes, isPinned, createdAt, usedAt"

    /// Reads those columns of a row of `adapter`.
    init(row: Row) {
        id = row["id"]
        uid = row["uid"]
        request = row["request"]
        bytes = row["bytes"]
        isPinned = row["isPinned"]
        createdAt = Date(timeIntervalSince1970: row["createdAt"])
        usedAt = Date(timeIntervalSince1970: row["usedAt"])
    }
}
