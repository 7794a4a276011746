import Foundation
import Synchronization
import TestSupport
import Testing

@testable import SgloradClient

/// A value that concurrent tasks change.
final class Mutexed<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }

    func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        state.withLock { value in
            var copy = value
            defer { value = copy }
            return body(&copy)
        }
    }
}

/// The failure of a call; nil, and an issue, where it did not throw one.
func failure(
    _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async -> SgloradClient.Failure? {
    do {
        _ = try await body()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let failure as SgloradClient.Failure {
        return failure
    } catch {
        Issue.record("not a failure: \(error)", sourceLocation: location)
    }
    return nil
}

extension SgloradClient.Failure {
    var field: String? { if case .invalid(_, let field) = self { field } else { nil } }
    var isNotFound: Bool { if case .notFound = self { true } else { false } }
    var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
    var isInterrupted: Bool { if case .interrupted = self { true } else { false } }
    var isTimedOut: Bool { if case .timedOut = self { true } else { false } }
    var isUnusable: Bool { if case .unusableReply = self { true } else { false } }
    var isNotPermitted: Bool { if case .notPermitted = self { true } else { false } }
}

/// Listens on a socket and answers each connection with the same bytes, on a thread of its own.
final class FalseDaemon: Sendable {
    let folder: TemporaryFolder
    var socket: String { folder("s") }
    private let descriptor: Int32

    /// - Parameter isEndless: whether the answer is repeated until the client hangs up.
    init(_ answer: String, isEndless: Bool = false) throws {
        folder = try TemporaryFolder()
        let listening = try UnixSocket.bound(to: folder("s"), kind: .stream)
        descriptor = listening
        try #require(listen(listening, 8) == 0)
        let bytes = Array(answer.utf8)
        Thread.detachNewThread {
            // The thread closes it: a number that is free is soon another test's socket.
            defer { close(listening) }
            while true {
                let peer = accept(listening, nil, nil)
                if peer < 0, errno == EINTR { continue }
                guard peer >= 0 else { return }
                var buffer = [UInt8](repeating: 0, count: 4096)
                _ = recv(peer, &buffer, buffer.count, 0)
                while send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0, isEndless {}
                close(peer)
            }
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
