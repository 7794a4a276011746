internal import ErrorModel
internal import NIOCore
internal import Synchronization

/// The parameters of a call as they were received, until they are decoded, and the memory reserved for the call.
final class CallText: Sendable {
    private struct State {
        var bytes: ByteBuffer?
        let memory: MessageMemory.Reservation?
    }

    /// What decoding takes for each JSON element, in bytes: a decoder's map of the text, keys, and values.
    private static let bytesPerElement = 128

    /// The length of the parameters in bytes.
    let length: Int
    /// How many JSON elements the message has.
    let elements: Int
    /// Whose call it is.
    let account: UInt32
    private let capacity: Int
    private let state: Mutex<State>

    init(_ call: Message.Call, memory: MessageMemory.Reservation?, account: UInt32) {
        length = call.parameters?.readableBytes ?? 0
        elements = call.elements
        capacity = call.parameters?.storageCapacity ?? 0
        self.account = account
        state = Mutex(State(bytes: call.parameters, memory: memory))
    }

    /// The parameters; nil if there are none or they have been decoded.
    var bytes: ByteBuffer? { state.withLock { $0.bytes } }

    /// Whether decoding is work for the `SlowLane`.
    var isLarge: Bool { length > SlowLane.threshold }

    /// Decodes large parameters on the slow lane, and then drops them.
    ///
    /// The memory for decoding is reserved before. Afterwards what was decoded is counted as long as its text.
    ///
    /// - Throws: `busy` if there is no memory for it, and what `body` throws.
    func decodeLarge<T: Sendable>(
        _ body: @escaping @Sendable () throws(VarlinkError) -> T
    ) async throws -> T {
        let memory = state.withLock { $0.memory }
        let need = capacity + length + elements * Self.bytesPerElement
        guard memory?.grow(toMost: need) ?? true else {
            throw SgloradError(
                .busy, "There is no memory for a message this large at the moment. Send it again later.",
                parameters: ["retryAfter": .double(1), "reason": .string("too many large messages")])
        }
        let value = try await SlowLane.run(for: account, body)
        state.withLock { $0.bytes = nil }
        memory?.shrink(to: length)
        return value
    }
}
