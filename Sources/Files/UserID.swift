internal import Glibc

/// A Unix user ID: of a connection's peer, of a file's owner, of a database column.
///
/// In JSON and in SQLite it is the plain number.
public struct UserID: RawRepresentable, Sendable, Hashable, Comparable {
    /// The number that `stat` and `SO_PEERCRED` report.
    public let rawValue: UInt32

    /// The user of a number.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The user of a number.
    public init(_ number: UInt32) {
        rawValue = number
    }

    /// The user of a number from a message or a database column; nil outside 0 to 2^32 - 1.
    public init?(exactly number: Int) {
        guard let value = UInt32(exactly: number) else { return nil }
        rawValue = value
    }

    /// The effective user of this process.
    public static var current: UserID { UserID(geteuid()) }

    /// The number as messages and database columns hold it.
    public var number: Int { Int(rawValue) }

    public static func < (one: UserID, other: UserID) -> Bool { one.rawValue < other.rawValue }
}

extension UserID: Codable {
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(UInt32.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension UserID: CustomStringConvertible, ExpressibleByIntegerLiteral {
    public var description: String { "\(rawValue)" }

    public init(integerLiteral value: UInt32) {
        rawValue = value
    }
}
