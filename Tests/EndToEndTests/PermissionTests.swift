import ControlProtocol
import Foundation
import Glibc
import Testing

/// Who may call what: every method, as a stranger, as two owners and as an administrator, each a process of another uid.
@Suite(
    "Permissions", .timeLimit(.minutes(20)),
    .enabled(if: Places.hasModel, "needs the text encoder: make model"),
    .enabled(if: OtherUser.canBe, OtherUser.whyNot))
struct PermissionTests {
    // None of these numbers needs an entry in /etc/group.
    private static let (users, administrators) = (60_100, 60_200)
    private let stranger = OtherUser(uid: 60_001, gid: 60_001, groups: [60_300])
    private let owner = OtherUser(uid: 60_011, gid: 60_011, groups: [users])
    private let neighbour = OtherUser(uid: 60_012, gid: users)
    private let administrator = OtherUser(uid: 60_013, gid: 60_013, groups: [administrators])

    /// What a call must come to.
    private enum Outcome {
        /// A reply without an error.
        case answered
        /// Not refused for want of rights; what else is wrong with the call does not matter.
        case permitted
        /// As if what is named were not there.
        case notFound
        case denied
    }

    /// One method: a call of it, and what it comes to for the owner of what it names, another user, an administrator.
    private struct Row {
        let method: any ControlMethod.Type
        /// `REQUEST` and `ADAPTER` stand for the owner's.
        var parameters = "{}"
        var more = false
        var owner = Outcome.answered
        var neighbour = Outcome.answered
        var administrator = Outcome.answered
    }

    private static let intent = #"{"intent":{"text":"definitions of birds"}}"#

    /// For administrators alone; the call itself need not be sound.
    private static func reserved(
        _ method: any ControlMethod.Type, _ parameters: String, more: Bool = false
    ) -> Row {
        Row(
            method: method, parameters: parameters, more: more, owner: .denied, neighbour: .denied,
            administrator: .permitted)
    }

    private static let table = [
        Row(method: Methods.Request.self, parameters: intent, more: true),
        Row(method: Methods.Submit.self, parameters: intent),
        Row(
            method: Methods.GetRequest.self, parameters: #"{"requestId":"REQUEST"}"#, neighbour: .notFound),
        Row(method: Methods.ListRequests.self),
        Row(
            method: Methods.CancelRequest.self, parameters: #"{"requestId":"REQUEST"}"#, neighbour: .notFound),
        Row(
            method: Methods.RetryRequest.self, parameters: #"{"requestId":"REQUEST","text":"birds"}"#,
            owner: .permitted, neighbour: .notFound, administrator: .permitted),
        // Whose label it is; another's may be forgotten by administrators alone.
        Row(
            method: Methods.Forget.self, parameters: #"{"label":"none","uid":60011}"#, neighbour: .denied),
        Row(method: Methods.Explain.self, parameters: #"{"text":"definitions of birds"}"#),
        Row(
            method: Methods.Encode.self, parameters: #"{"texts":["birds"],"adapterId":"ADAPTER"}"#,
            neighbour: .notFound),
        reserved(Methods.AddBase.self, #"{"name":"another","files":[]}"#),
        Row(method: Methods.ListBases.self),
        Row(method: Methods.Metrics.self),
        // Without 'more' it says so to everybody who may call it.
        Row(
            method: Methods.Monitor.self, owner: .permitted, neighbour: .permitted,
            administrator: .permitted),
        reserved(Methods.UploadFile.self, #"{"chunk":""}"#),
        reserved(Methods.ImportExpert.self, #"{"name":"x","description":"x","files":[]}"#),
        Row(method: Methods.ListExperts.self),
        Row(method: Methods.GetExpert.self, parameters: #"{"name":"wn-birds"}"#),
        reserved(Methods.RemoveExpert.self, #"{"name":"none"}"#),
        reserved(Methods.TrainGenerator.self, #"{"base":"none"}"#, more: true),
        reserved(Methods.CancelTraining.self, "{}"),
        Row(method: Methods.ListGenerators.self),
        Row(
            method: Methods.GetGenerator.self, parameters: #"{"generatorId":"none"}"#, owner: .permitted,
            neighbour: .permitted, administrator: .permitted),
        reserved(Methods.ExportGenerator.self, #"{"generatorId":"none"}"#, more: true),
        reserved(Methods.ImportGenerator.self, #"{"digest":"none"}"#),
        reserved(Methods.EvaluateGenerator.self, #"{"base":"none","tasks":[]}"#, more: true),
        Row(method: Methods.ListAdapters.self),
        Row(
            method: Methods.GetAdapter.self, parameters: #"{"adapterId":"ADAPTER"}"#, neighbour: .notFound),
        Row(
            method: Methods.ReadAdapter.self, parameters: #"{"adapterId":"ADAPTER"}"#, more: true,
            neighbour: .notFound),
        Row(
            method: Methods.PinAdapter.self, parameters: #"{"adapterId":"ADAPTER","pinned":true}"#,
            neighbour: .notFound),
        Row(
            method: Methods.RemoveAdapter.self, parameters: #"{"adapterId":"none"}"#, owner: .notFound,
            neighbour: .notFound, administrator: .notFound),
        reserved(Methods.RemoveGenerator.self, #"{"generatorId":"none"}"#),
        reserved(Methods.VerifyCache.self, "{}"),
        reserved(Methods.EvictCache.self, #"{"dryRun":true}"#),
        Row(method: Methods.CacheStatistics.self),
        Row(method: Methods.Status.self),
    ]

    /// Runs a daemon whose groups are numbers, with a few experts.
    private func withDaemon(
        _ body: @escaping @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/sglorad.yaml"
            try Data(
                "access:\n  users: \(Self.users)\n  administrators: \(Self.administrators)\n".utf8
            ).write(to: URL(filePath: file))
            let end = try await TestDaemon.run(in: folder, arguments: ["--config", file]) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                try await body(daemon)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    @Test("every method has its row in the table")
    func complete() {
        for method in Methods.all {
            #expect(Self.table.count { $0.method.name == method.name } == 1, "\(method.name)")
        }
        #expect(Self.table.count == Methods.all.count)
    }

    @Test("every method does for each what it may, and an owner's things are not there for another")
    func everyMethod() async throws {
        let (stranger, owner, neighbour, administrator) = (stranger, owner, neighbour, administrator)
        try await withDaemon { daemon in
            // The socket's own mode keeps strangers out; here they are to reach the daemon.
            #expect(chmod(daemon.socket, 0o666) == 0)
            let made = try await owner.call(
                [(Methods.Request.qualifiedName, Self.intent, false)], at: daemon.socket)[0]
            let request = try #require(made.parameters["request"] as? [String: Any], "\(made.text)")
            let requestID = try #require(request["requestId"] as? String)
            let adapterID = try #require(request["adapterId"] as? String)
            let calls = Self.table.map { row in
                (
                    method: row.method.qualifiedName,
                    parameters: row.parameters.replacing("REQUEST", with: requestID)
                        .replacing("ADAPTER", with: adapterID), more: row.more
                )
            }
            for (name, peer, expected) in [
                ("stranger", stranger, { _ in .denied }), ("owner", owner, { $0.owner }),
                ("neighbour", neighbour, { $0.neighbour }),
                ("administrator", administrator, { $0.administrator }),
            ] as [(String, OtherUser, (Row) -> Outcome)] {
                let answers = try await peer.call(calls, at: daemon.socket)
                for (row, answer) in zip(Self.table, answers) {
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

    @Test("a stranger may ask what is served, and learns nothing else; its file mode keeps it off the socket")
    func strangers() async throws {
        let (stranger, owner) = (stranger, owner)
        try await withDaemon { daemon in
            await #expect(throws: OtherUser.Refused.self) {
                try await stranger.call("org.varlink.service.GetInfo", at: daemon.socket)
            }
            // The socket belongs to the group of users.
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

    @Test("lists show one's own; to an administrator everyone's, and whose it is")
    func lists() async throws {
        let (owner, neighbour, administrator) = (owner, neighbour, administrator)
        try await withDaemon { daemon in
            for (peer, count) in [(owner, 2), (neighbour, 1)] {
                for _ in 0..<count {
                    let answer = try await peer.call(
                        Methods.Request.qualifiedName, Self.intent, at: daemon.socket)
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

    @Test("one user's idempotency key is another's to use, and gives them nothing of the first")
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

    @Test("without the groups, root and the daemon's own user may, and nobody else")
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
