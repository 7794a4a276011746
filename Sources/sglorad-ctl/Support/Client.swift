import ControlProtocol

/// The daemon's methods by their types.
struct Client: Sendable {
    /// The connection.
    let transport: VarlinkClient

    /// Calls a method that answers once.
    func call<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) async throws -> Method.Reply {
        try await transport.call(method.qualifiedName, parameters, returning: Method.Reply.self)
    }

    /// Calls a method with `more`: each reply as it comes.
    func stream<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) -> AsyncThrowingStream<Method.Reply, any Error> {
        transport.stream(method.qualifiedName, parameters, returning: Method.Reply.self)
    }
}
