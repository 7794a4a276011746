public import Logging
internal import Synchronization

/// Below which level records are dropped, for all loggers that share it; can be changed while they are in use.
public final class LogThreshold: Sendable {
    private let current: Mutex<Logger.Level>

    /// Makes a threshold.
    public init(_ level: Logger.Level) {
        current = Mutex(level)
    }

    /// The level.
    public var level: Logger.Level {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
