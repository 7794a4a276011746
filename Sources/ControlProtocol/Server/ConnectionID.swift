internal import Synchronization

/// Tells the connections of one process apart; never given twice.
public struct ConnectionID: Sendable, Hashable {
    private static let last = Atomic<UInt64>(0)

    private let number: UInt64

    /// Makes one that was never given before.
    init() {
        number = Self.last.add(1, ordering: .relaxed).newValue
    }
}

extension ConnectionID: CustomStringConvertible {
    /// Its number, for logs.
    public var description: String { String(number) }
}
