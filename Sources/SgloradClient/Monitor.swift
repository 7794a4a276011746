internal import SgloradInterface
internal import Varlink

extension SgloradClient {
    /// Watches the daemon's health and this user's requests; administrators see everyone's.
    ///
    /// The health comes first, then every change of it and of requests. Events are read only as fast as they are asked for: a
    /// slow reader gets the newest health, and the newest state of each request, without those between.
    ///
    /// The sequence never ends by itself. Cancelling the task that reads it closes its connection.
    ///
    /// - Parameter acrossRestarts: whether to connect again, for as long as ``patience`` says, when the daemon ends. The
    ///   health comes first after each connection; changes between two connections are not told, and
    ///   ``requests(in:label:limit:)`` shows what became of them.
    /// - Returns: a sequence that connects when it is read, and throws ``Failure`` or `CancellationError`.
    public func monitor(acrossRestarts: Bool = false) -> Monitor {
        Monitor(client: self, acrossRestarts: acrossRestarts)
    }

    /// What ``SgloradClient/monitor(acrossRestarts:)`` tells.
    public enum Event: Sendable, Hashable {
        /// The daemon's health: first of all, and after each change.
        case health(Health)
        /// A request has changed.
        case request(Request)
    }

    /// The changes of the daemon's health and of requests, as an asynchronous sequence.
    public struct Monitor: AsyncSequence, Sendable {
        let client: SgloradClient
        let acrossRestarts: Bool

        /// Begins to read; nothing is sent before the first event is asked for.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(client: client, acrossRestarts: acrossRestarts)
        }

        /// Reads events one at a time; the connection is closed with it.
        public struct AsyncIterator: AsyncIteratorProtocol {
            private let client: SgloradClient
            private let acrossRestarts: Bool
            private var connection: VarlinkClient?
            private var replies: AsyncThrowingStream<Methods.Monitor.Reply, any Error>.AsyncIterator?

            fileprivate init(client: SgloradClient, acrossRestarts: Bool) {
                self.client = client
                self.acrossRestarts = acrossRestarts
            }

            /// Waits for the next event.
            ///
            /// - Throws: ``SgloradClient/Failure``, `CancellationError`. The next call connects again.
            public mutating func next() async throws -> Event? {
                var limit: ContinuousClock.Instant?
                var pause = Duration.milliseconds(20)
                while true {
                    let wasConnected = connection != nil
                    do {
                        return try await read()
                    } catch {
                        connection = nil
                        replies = nil
                        let failure = SgloradClient.Failure.mapping(error)
                        guard acrossRestarts, let failure = failure as? SgloradClient.Failure,
                            failure.isEndOfDaemon, wasConnected || limit != nil || failure.isInterruption
                        else { throw failure }
                        let end = limit ?? .now + client.patience
                        limit = end
                        guard .now < end else { throw failure }
                        try await Task.sleep(for: pause)
                        pause = Swift.min(pause * 2, .seconds(1))
                    }
                }
            }

            /// Reads one event, from a new connection if there is none.
            private mutating func read() async throws -> Event {
                if replies == nil {
                    let opened = try await VarlinkClient.connect(path: client.socket)
                    connection = opened
                    replies = opened.stream(Methods.Monitor.self, .init()).makeAsyncIterator()
                }
                guard let reply = try await replies?.next() else {
                    throw SgloradClient.Failure.interrupted(Report("The daemon ended the stream of changes."))
                }
                if let request = reply.request { return .request(try Request(request)) }
                guard let health = reply.health else { throw SgloradClient.Failure.unexpected }
                return .health(
                    Health(conditions: health.conditions, queue: health.queue, training: health.training))
            }
        }
    }
}

extension SgloradClient.Failure {
    /// Whether the daemon closed the connection or said that it stops.
    fileprivate var isInterruption: Bool {
        switch self {
        case .interrupted, .cancelled: true
        default: false
        }
    }

    /// Whether the daemon has ended or cannot be reached.
    fileprivate var isEndOfDaemon: Bool {
        if case .unreachable = self { return true }
        return isInterruption
    }
}
