/// One interface that a ``VarlinkServer`` offers.
public protocol VarlinkInterface: Sendable {
    /// The name, such as `io.sglorad`.
    var name: String { get }
    /// The interface definition: the text of its `.varlink` file.
    var definition: String { get }

    /// Handles one call and sends its replies; runs in a task of its own that is cancelled when the caller goes away.
    ///
    /// An `SgloradError` is answered as the error of that name in this interface, a ``VarlinkError`` as it is, any other
    /// error as `InternalFailure`; for an unknown method throw ``VarlinkError/methodNotFound(_:)``. It must return soon
    /// after its task has been cancelled.
    func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws

    /// Says that a connection has ended and that none of its calls is running any more.
    func connectionClosed(_ id: ConnectionID) async
}

extension VarlinkInterface {
    /// Does nothing.
    public func connectionClosed(_ id: ConnectionID) async {}
}
