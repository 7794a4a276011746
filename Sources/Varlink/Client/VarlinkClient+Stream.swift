internal import Synchronization

extension VarlinkClient {
    /// Calls a method with `more` and returns its replies as they arrive.
    ///
    /// The call is sent at once.
    ///
    /// Replies are read only as fast as the stream is consumed. Dropping the stream before its end closes the
    /// connection. The stream throws what ``call(_:_:returning:)`` throws.
    public func stream<In: Encodable & Sendable, Out: Decodable & Sendable>(
        _ method: String, _ parameters: In, returning: Out.Type
    ) -> AsyncThrowingStream<Out, any Error> {
        let replies: Result<PendingReplies, any Error> = Result {
            PendingReplies(client: self, place: enlist(try Message.call(method, parameters, more: true)))
        }
        return AsyncThrowingStream { try await replies.get().next(returning) }
    }
}

/// The outstanding replies of one call with `more`.
///
/// Its turn on the connection ends with the last of them.
private final class PendingReplies: Sendable {
    private enum Phase {
        case waiting
        case reading
        case ended
    }

    private let client: VarlinkClient
    private let place: Int
    private let phase = Mutex(Phase.waiting)

    init(client: VarlinkClient, place: Int) {
        self.client = client
        self.place = place
    }

    deinit {
        let phase = phase.withLock { $0 }
        guard phase != .ended else { return }
        client.framed.close()
        let (turnstile, place) = (client.turnstile, place)
        Task {
            if phase == .waiting { await turnstile.pass(place) }
            turnstile.leave()
        }
    }

    func next<Out: Decodable>(_ type: Out.Type) async throws -> Out? {
        switch phase.withLock({ $0 }) {
        case .ended: return nil
        case .reading: break
        case .waiting:
            await withTaskCancellationHandler {
                await client.turnstile.pass(place)
            } onCancel: {
                client.framed.close()
            }
            phase.withLock { $0 = .reading }
        }
        do {
            let reply = try await client.receive(type)
            if !reply.continues { end() }
            return reply.parameters
        } catch {
            // After an error reply the connection can be used for the next call; after any other failure it
            // cannot.
            if !(error is VarlinkError) { client.framed.close() }
            end()
            throw error
        }
    }

    private func end() {
        phase.withLock { $0 = .ended }
        client.turnstile.leave()
    }
}
