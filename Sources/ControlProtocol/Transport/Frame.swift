internal import NIOCore

/// One message without its NUL, and the memory it was granted, which is given back with its last copy.
struct Frame: Sendable {
    let bytes: ByteBuffer
    let reservation: MessageMemory.Reservation?
}
