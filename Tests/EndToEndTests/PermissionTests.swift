import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Authorisation by peer credentials: every method, called by processes of a stranger, two users and an administrator.
@Suite("Permissions", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers)
struct PermissionTests {
    private let stranger = PermissionTable.stranger
    private let owner = PermissionTable.owner
    private let neighbour = PermissionTable.neighbour
    private let administrator = PermissionTable.administrator

    /// Runs a daemon with the table's groups and two experts.
    private func withDaemon(
        _ body: @escaping @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        try await TestDaemon.run(configuration: PermissionTable.configuration, experts: Places.twoExperts) {
            daemon in
            try await body(daemon)
        }
    }

    @Test("every method has one row in the table")
    func complete() {
        for method in Methods.Name.allCases {
            #expect(PermissionTable.rows.count { $0.method.name == method.rawValue } == 1, "\(method)")
        }
        #expect(PermissionTable.rows.count == Methods.Name.allCases.count)
    }

    @Test("every method gives each caller the expected result, and hides an owner's objects from others")
    func everyMethod() async throws {
        let (stranger, owner, neighbour, administrator) = (stranger, owner, neighbour, administrator)
        try await withDaemon { daemon in
            // Let strangers past the socket's permissions, so that the daemon has to refuse them.
            #expect(chmod(daemon.socket, 0o666) == 0)
            let (request, adapter) = try await PermissionTable.makeObjects(at: daemon.socket)
            let calls = PermissionTable.calls(request: request, adapter: adapter)
            for (name, peer, expected) in [
                ("stranger", stranger, { _ in .denied }), ("owner", owner, { $0.owner }),
                ("neighbour", neighbour, { $0.neighbour }),
                ("administrator", administrator, { $0.administrator }),
            ] as [(String, OtherUser, (PermissionTable.Row) -> PermissionTable.Expectation)] {
                let answers = try await peer.call(calls, at: daemon.socket)
                for (row, answer) in zip(PermissionTable.rows, answers) {
                    let said: Comment = "\(name), \(row.method.name): \(answer.text.prefix(300))"
                    switch expected(row) {
                    case .answered: #expect(answer.error == nil, said)
                    case .permitted:
                        #expect(answer.error != "org.varlink.service.PermissionDenied", said)
                        #expect(answer.error != "closed", said)
                    case .notFound: #expect(answer.error == "io.sglorad.NotFound", said)
                    case .denied: #expect(answer.error == "org.varlink.service.PermissionDenied", said)
                    }
                }
            }
        }
    }

    @Test("the socket's permissions keep strangers out; past them they get only the service information")
    func strangers() async throws {
        let (stranger, owner) = (stranger, owner)
        try await withDaemon { daemon in
            await #expect(throws: OtherUser.Refused.self) {
                try await stranger.call("org.varlink.service.GetInfo", at: daemon.socket)
            }
            // The socket belongs to the users' group.
            #expect(try await owner.call("org.varlink.service.GetInfo", at: daemon.socket).error == nil)
            #expect(chmod(daemon.socket, 0o666) == 0)
            let answers = try await stranger.call(
                [
                    ("org.varlink.service.GetInfo", "{}", false),
                    (
                        "org.varlink.service.GetInterfaceDescription",
                        #"{"interface":"io.sglorad"}"#, false
                    ),
                    ("io.sglorad.NoSuchMethod", "{}", false), ("io.sglorad.Status", "[]", false),
                ], at: daemon.socket)
            #expect(answers[0].error == nil && answers[1].error == nil)
            #expect(answers[2].error == "org.varlink.service.PermissionDenied")
            #expect(answers[3].error == "closed")
        }
    }

    @Test("lists contain the caller's own entries; an administrator's contain all, with their owners")
    func lists() async throws {
        let (owner, neighbour, administrator) = (owner, neighbour, administrator)
        try await withDaemon { daemon in
            for (peer, count) in [(owner, 2), (neighbour, 1)] {
                for _ in 0..<count {
                    let answer = try await peer.call(
                        Methods.Request.qualifiedName, PermissionTable.intent, at: daemon.socket)
                    #expect(answer.error == nil, "\(answer.text)")
                }
            }
            #expect(chmod(daemon.socket, 0o666) == 0)
            for (peer, count, uids) in [
                (owner, 2, []), (neighbour, 1, []), (administrator, 3, [60_011, 60_011, 60_012]),
            ] as [(OtherUser, Int, [Int])] {
                let answers = try await peer.call(
                    [
                        (Methods.ListRequests.qualifiedName, "{}", false),
                        (Methods.ListAdapters.qualifiedName, "{}", false),
                    ], at: daemon.socket)
                let requests = try #require(answers[0].parameters["requests"] as? [[String: Any]])
                let adapters = try #require(answers[1].parameters["adapters"] as? [[String: Any]])
                #expect(requests.count == count && adapters.count == count)
                #expect(requests.compactMap { $0["uid"] as? Int }.sorted() == uids)
            }
        }
    }

    @Test("idempotency keys are separate for each user")
    func idempotencyKeys() async throws {
        let (owner, neighbour) = (owner, neighbour)
        try await withDaemon { daemon in
            let call = #"{"intent":{"text":"definitions of birds"},"idempotencyKey":"k"}"#
            let one = try await owner.call(Methods.Submit.qualifiedName, call, at: daemon.socket)
            let other = try await neighbour.call(Methods.Submit.qualifiedName, call, at: daemon.socket)
            let again = try await owner.call(Methods.Submit.qualifiedName, call, at: daemon.socket)
            let ids = try [one, other, again].map { try #require($0.parameters["requestId"] as? String) }
            #expect(ids[0] == ids[2] && ids[0] != ids[1])
        }
    }

    @Test("without configured groups only root and the daemon's own user have access")
    func noGroups() async throws {
        let owner = owner
        try await TestDaemon.run { daemon in
            #expect(chmod(daemon.socket, 0o666) == 0)
            let answer = try await owner.call(Methods.Status.qualifiedName, at: daemon.socket)
            #expect(answer.error == "org.varlink.service.PermissionDenied")
            #expect(try await daemon.control("status").status == 0)
        }
    }
}
