import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

@testable import Control

/// Every method against every kind of caller: PermissionDenied exactly where the table of standings says so.
@Suite("Standing of methods", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers)
struct StandingTests {
    /// The callers with their own standing.
    private static let callers: [(name: String, peer: OtherUser, standing: Standing)] = [
        ("stranger", PermissionTable.stranger, .anybody), ("owner", PermissionTable.owner, .user),
        ("neighbour", PermissionTable.neighbour, .user),
        ("administrator", PermissionTable.administrator, .administrator),
    ]

    /// The parameters of a call that depends on nothing but the method's standing.
    private static func parameters(_ row: PermissionTable.Row) -> String {
        // With a user in it, Forget is decided by its parameters.
        row.method.name == Methods.Forget.name ? #"{"label":"none"}"# : row.parameters
    }

    @Test("a method is denied exactly to callers below its standing")
    func everyMethod() async throws {
        try await TestDaemon.run(configuration: PermissionTable.configuration) { daemon in
            // Let strangers past the socket's permissions, so that the daemon has to refuse them.
            #expect(chmod(daemon.socket, 0o666) == 0)
            // Without experts and with placeholders for identifiers, most calls fail; only the error's name matters.
            let calls = PermissionTable.rows.map { row in
                (method: row.method.qualifiedName, parameters: Self.parameters(row), more: row.more)
            }
            for (name, peer, own) in Self.callers {
                let answers = try await peer.call(calls, at: daemon.socket)
                for (row, answer) in zip(PermissionTable.rows, answers) {
                    let required = try #require(Methods.Name(rawValue: row.method.name)).standing
                    let isDenied = answer.error == "org.varlink.service.PermissionDenied"
                    #expect(
                        isDenied == (own < required),
                        "\(name), \(row.method.name): \(answer.text.prefix(300))")
                    #expect(answer.error != "closed", "\(name), \(row.method.name)")
                }
            }
        }
    }

    @Test("the service information is for anybody")
    func serviceInformation() async throws {
        try await TestDaemon.run(configuration: PermissionTable.configuration) { daemon in
            #expect(chmod(daemon.socket, 0o666) == 0)
            for (name, peer, _) in Self.callers {
                let answers = try await peer.call(
                    [
                        ("org.varlink.service.GetInfo", "{}", false),
                        (
                            "org.varlink.service.GetInterfaceDescription", #"{"interface":"io.sglorad"}"#,
                            false
                        ),
                    ], at: daemon.socket)
                #expect(answers.allSatisfy { $0.error == nil }, "\(name)")
            }
        }
    }
}
