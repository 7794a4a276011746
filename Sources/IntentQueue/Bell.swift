/// Tells one listener that there is something to do; rings while it is busy count as one.
public struct Bell: Sendable {
    /// Each ring, from the one that came before anybody listened.
    public let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    /// Makes a bell.
    public init() {
        (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Rings.
    public func ring() {
        continuation.yield()
    }
}
