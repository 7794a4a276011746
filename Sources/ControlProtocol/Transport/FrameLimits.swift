internal import NIOCore

/// What one connection may ask of this side.
struct FrameLimits: Sendable {
    /// The longest message in bytes.
    let length: Int
    /// The shortest message in bytes that can mean anything: what comes after a shorter one is not looked at any more, so that
    /// a few bytes cannot become many messages.
    var shortest = 0
    /// How long a message may lie half sent while this side waits for it; nil for ever.
    var halfMessage: TimeAmount?
    /// How long the other side may leave a message of ours without taking a byte of it; nil for ever.
    var unreadReply: TimeAmount?
    /// Where the memory of larger messages comes from, a share of its own for each; nil without bound.
    var memory: (@Sendable () -> MessageMemory.Reservation)?
}
