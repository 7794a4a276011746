import Foundation
import TestSupport
import Testing
import Varlink

@Suite(
    .serialized, .timeLimit(.minutes(20)),
    .enabled(
        if: ReferenceVarlink.python != nil,
        "needs Python's varlink package: Scripts/python.sh varlink"))
struct ConformanceTests {
    @Test func `the server passes the certification`() async throws {
        let interface = CertificationInterface(definition: try ReferenceVarlink.certification())
        try await TestServer.run(also: [interface]) { test in
            let process = try ReferenceVarlink.start(
                ["-m", "varlink.tests.test_certification", "--client", "--varlink=unix:\(test.path)"])
            #expect(await eventually { !process.isRunning })
            #expect(process.terminationStatus == 0)
            #expect(
                interface.log.all == CertificationInterface.steps.keys.filter { $0 != "End" }.sorted() + [
                    "End"
                ])
        }
    }

    @Test func `the reference command line client gets replies`() async throws {
        let interface = CertificationInterface(definition: try ReferenceVarlink.certification())
        try await TestServer.run(also: [interface]) { test in
            func output(_ arguments: [String]) async throws -> String {
                let pipe = Pipe()
                let process = try ReferenceVarlink.start(
                    ["-m", "varlink.cli"] + arguments, output: pipe)
                #expect(await eventually { !process.isRunning })
                return String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            }
            let address = "unix:\(test.path)"
            #expect(try await output(["info", address]).contains("org.varlink.certification"))
            #expect(
                try await output(["help", "\(address)/org.varlink.service"]).contains("error ExpectedMore"))
            let start = try await output(["call", "\(address)/org.varlink.certification.Start", "{}"])
            #expect(start.contains("client_id"))
            let unknown = try await output(["call", "\(address)/org.varlink.certification.Absent", "{}"])
            #expect(unknown.contains("MethodNotFound"))
        }
    }

    @Test func `the client passes the certification`() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            let process = try ReferenceVarlink.start(
                ["-m", "varlink.tests.test_certification", "--varlink=unix:\(path)"])
            defer { process.terminate() }
            #expect(await eventually { (try? await VarlinkClient.connect(path: path)) != nil })
            let client = try await VarlinkClient.connect(path: path)
            func name(_ method: String) -> String { "org.varlink.certification.\(method)" }
            let start = try await client.call(name("Start"), returning: [String: JSONValue].self)
            let identifier = try #require(start["client_id"])
            func take(_ reply: JSONValue) -> JSONValue {
                guard case .object(var members) = reply.withoutNulls else { return reply }
                members["client_id"] = identifier
                return .object(members)
            }
            var last = take([:])
            for number in 1...9 {
                last = take(try await client.call(name("Test0\(number)"), last, returning: JSONValue.self))
            }
            var replies: [JSONValue] = []
            for try await reply in client.stream(name("Test10"), last, returning: [String: JSONValue].self) {
                replies.append(reply["string"] ?? .null)
            }
            #expect(replies == CertificationInterface.replies)
            try await client.callOneway(name("Test11"), take(["last_more_replies": .array(replies)]))
            let end = try await client.call(name("End"), take([:]), returning: JSONValue.self)
            #expect(end == ["all_ok": true])
            await client.close()
        }
    }
}
