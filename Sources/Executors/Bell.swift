/// Wakes one listener; rings that arrive while it is busy are coalesced into one.
public struct Bell: Sendable {
    /// The rings; one from before the iteration started is kept.
    public let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    /// Creates a bell that has not rung.
    public init() {
        (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the listener; callable from any thread.
    public func ring() {
        continuation.yield()
    }
}
