import Foundation
import TestSupport
import Testing

@testable import SgloradClient

/// Daemons that are missing, forbidden, garbled or hostile.
@Suite("Client: hostile daemons", .timeLimit(.minutes(20)))
struct HostileTests {
    private func failure(of answer: String, isEndless: Bool = false) async throws -> SgloradClient.Failure? {
        let daemon = try FalseDaemon(answer, isEndless: isEndless)
        return await SgloradClientTests.failure { try await SgloradClient(socket: daemon.socket).status() }
    }

    @Test("there is no daemon, or nothing that could be one")
    func unreachable() async throws {
        let folder = try TemporaryFolder()
        for path in [folder("s"), "/" + String(repeating: "x", count: 200), ""] {
            let client = SgloradClient(socket: path)
            #expect(await SgloradClientTests.failure { try await client.status() }?.isUnreachable == true)
        }
    }

    @Test("answers that are not varlink, or of another form")
    func garbled() async throws {
        for answer in [
            "HTTP/1.1 400 Bad Request\r\n\r\n\0", "\0", "[]\0", #"{"parameters":[]}"# + "\0",
            #"{"error":1}"# + "\0",
            "{}\0", String(repeating: "[", count: 100_000) + "\0", #"{"parameters":{"version":1}}"# + "\0",
            #"{"continues":true}"# + "\0",
        ] {
            #expect(try await failure(of: answer)?.isUnusable == true, "\(answer.prefix(40))")
        }
    }

    @Test("a message without an end is bounded")
    func endless() async throws {
        let letters = String(repeating: "x", count: 1 << 16)
        #expect(try await failure(of: letters, isEndless: true)?.isUnusable == true)
    }

    @Test("a connection that is closed, and errors of the daemon")
    func errors() async throws {
        #expect(try await failure(of: "half a message")?.isInterrupted == true)
        let denied = try await failure(of: #"{"error":"org.varlink.service.PermissionDenied"}"# + "\0")
        #expect(denied?.isNotPermitted == true && denied?.message.contains("sglorad-users") == true)
        let busy = #"{"error":"io.sglorad.Busy","parameters":{"message":"Later.","retryAfter":2.5}}"#
        let limited = try await failure(of: busy + "\0")
        guard case .busy(let report, let time) = limited else {
            Issue.record("not busy: \(String(describing: limited))")
            return
        }
        #expect(report.message == "Later." && time == .milliseconds(2500))
        let refusal = #"{"error":"io.sglorad.NoRelevantExpert","parameters":{"message":"No."}}"#
        #expect(try await failure(of: refusal + "\0")?.isUnusable == true)
    }

    @Test("an adapter's provenance tells what its examples did and which experts each layer mixed")
    func provenance() async throws {
        func adapter(_ more: String) async throws -> SgloradClient.Adapter {
            let record = """
                {"parameters":{"adapter":{"adapterId":"a","base":"b","digest":"d","bytes":0,"path":"/p","files":[],\
                "createdAt":"2026-11-27T10:00:00Z","provenance":{"strategy":"lora-gen","base":"b","experts":[],"topK":1,\
                "temperature":1,"proximity":"plain","nearestProximity":1,"threshold":0,"seed":1,"library":"",\
                "encoder":"","kernel":"","version":""\(more)}}}}\0
                """
            let daemon = try FalseDaemon(record)
            defer { withExtendedLifetime(daemon) {} }
            return try await SgloradClient(socket: daemon.socket).adapter("a")
        }
        let plain = try await adapter("").provenance
        #expect(plain.routing.isEmpty && plain.examples == nil)
        let full = try await adapter(
            #","routing":[{"layer":"5","experts":[{"expert":3,"gate":0.75},{"expert":0,"gate":0.25}]}]"#
                + #","examples":{"examples":4,"answered":3,"labels":9,"steps":16,"kept":12}"#
        ).provenance
        #expect(
            full.routing == [
                .init(layer: "5", experts: [.init(expert: 3, gate: 0.75), .init(expert: 0, gate: 0.25)])
            ])
        #expect(
            full.examples
                == .init(examples: 4, answered: 3, labels: 9, steps: 16, kept: 12, isOutOfTime: false))
        for bad in [#","routing":7"#, #","routing":[7]"#, #","examples":{"examples":"4"}"#] {
            let unusable = await SgloradClientTests.failure { try await adapter(bad) }?.isUnusable
            #expect(unusable == true, "\(bad)")
        }
    }

    @Test("exports are checked, and leave nothing where they fail")
    func exports() throws {
        var hash = SHA256()
        hash.update(Array("weights".utf8))
        let file = SgloradClient.File(name: "f", bytes: 7, digest: hash.finalise())
        func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        let good = try TemporaryFolder()
        let download = try AdapterDownload([file], to: good("out"))
        try download.accept(encoded("wei"), of: "f", at: 0, isLast: false)
        try download.accept(encoded("ghts"), of: "f", at: 3, isLast: true)
        try download.finish()
        download.abandon()
        #expect(try good.text("out/f") == "weights")
        for (chunk, name, offset, isLast) in [
            (encoded("weighty"), "f", 0, true), (encoded("weight"), "f", 0, true),
            (encoded("weights!"), "f", 0, true),
            (encoded("weights"), "f", 1, true), (encoded("weights"), "g", 0, true),
            (encoded("weights"), "f", 0, false),
            ("***", "f", 0, true),
        ] {
            let folder = try TemporaryFolder()
            let download = try AdapterDownload([file], to: folder("out"))
            #expect(throws: SgloradClient.Failure.self) {
                try download.accept(chunk, of: name, at: offset, isLast: isLast)
                try download.finish()
            }
            download.abandon()
            #expect(try folder.names.isEmpty, "\(chunk) \(name) \(offset)")
        }
        for name in ["../f", "/f", "..", "", "a/b"] {
            #expect(throws: SgloradClient.Failure.self) {
                try AdapterDownload([.init(name: name, bytes: 7, digest: "")], to: good("other"))
            }
        }
        #expect(try good.names == ["out"])
    }
}
