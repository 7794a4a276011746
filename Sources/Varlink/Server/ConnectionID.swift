internal import Synchronization

/// Identifies a connection within this process; never reused.
public struct ConnectionID: Sendable, Hashable {
    private static let last = Atomic<UInt64>(0)

    private let number: UInt64

    init() {
        number = Self.last.add(1, ordering: .relaxed).newValue
    }
}

extension ConnectionID: CustomStringConvertible {
    public var description: String { String(number) }
}
