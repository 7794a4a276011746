package import Adaptation
internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation
internal import SgloradInterface
package import Varlink

/// The interface `io.sglorad`: maps each method's parameters to the domain, and the domain's results to the
/// wire.
///
/// It has no logic of its own. `MethodPermissions.swift` says who may call a method; the domain decides by the
/// `Caller` what is visible. There is one file of methods per noun.
struct ControlHandler: SgloradHandler {
    let domain: Domain
    let access: Access
    /// Limits each user's concurrent computations in `Explain` and `Encode`; the queue limits requests.
    let turns: UserTurns
    /// Limits each user's concurrent reads of long lists, which the databases serve one after the other.
    let lists = UserTurns(limit: 1)

    func connectionClosed(_ id: ConnectionID) async {
        await domain.uploads.end(UploadStore.Session(id.description))
    }

    /// The caller, from the peer's credentials.
    func caller(_ call: MethodCall<some VarlinkMethod>) -> Caller { access.caller(call.peer) }

    /// The first entries of a list, and whether there are more, when it is the caller's turn.
    ///
    /// - Parameters:
    ///   - caller: the caller.
    ///   - asked: the number of entries, 1 to 1,000; 100 by default.
    ///   - find: returns at most the given number of entries.
    /// - Throws: `invalidRequest` if the number is out of range, and what `find` throws.
    func page<Entry: Sendable>(
        for caller: Caller, _ asked: Int?, _ find: (Int) async throws -> [Entry]
    ) async throws -> (entries: ArraySlice<Entry>, more: Bool?) {
        let limit = asked ?? 100
        guard (1...1000).contains(limit) else {
            throw SgloradError.invalidRequest(field: "limit", reason: "is \(limit); it must be 1 to 1000")
        }
        let found = try await lists.run(for: caller.account.rawValue) { try await find(limit + 1) }
        return (found.prefix(limit), (found.count > limit).flag)
    }
}

extension FileStream {
    /// Sends the file in replies of one chunk each.
    ///
    /// - Parameters:
    ///   - stream: the call to answer.
    ///   - ending: whether the last chunk also ends the call.
    ///   - reply: makes a reply from the chunk's offset, its bytes in base64, and whether it ends the call.
    func send<Method>(
        to stream: MethodStream<Method>, ending: Bool = true,
        _ reply: (_ offset: Int, _ chunk: String, _ last: Bool?) -> Method.Reply
    ) async throws {
        try await forEach { offset, chunk, isEnd in
            let isLast = isEnd && ending
            let reply = reply(offset, chunk.base64EncodedString(), isLast.flag)
            if isLast { try await stream.finish(reply) } else { try await stream.send(reply) }
        }
    }
}

/// The interface as served on the socket: every call is authorised by the peer's credentials, then handled.
package enum ControlInterface {
    /// - Parameters:
    ///   - domain: handles the calls.
    ///   - access: the access policy.
    ///   - computations: the number of concurrent `Explain` and `Encode` calls per user.
    package static func make(_ domain: Domain, access: Access, computations: Int) -> any VarlinkInterface {
        let handler = ControlHandler(domain: domain, access: access, turns: UserTurns(limit: computations))
        return SgloradDispatcher(handler) { name, call in
            try Methods.Name.authorise(name, call.peer, access)
        }
    }
}

extension Bool {
    /// True or nil, since the wire format omits false flags.
    var flag: Bool? { self ? true : nil }
}
