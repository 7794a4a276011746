import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing

/// Searches every byte that the daemon leaves behind for the words of intents, labels and file names: state, spool,
/// write-ahead logs, log and cores.
@Suite("Byte search", .timeLimit(.minutes(20)), .needsModel)
struct ByteSearchTests {
    /// Words of the intent, the label, and the name of the spool's file.
    private static let (text, label, file) = ("quixoblat", "labellaria", "fumblewick")
    private static let intent = "definitions of birds \(text)"
    private static let all = ByteSearch([text, label, file])

    /// Makes requests that end in every way, by the socket and by the spool.
    private static func load(_ daemon: some DaemonAccess, _ spool: TestSpool) async throws {
        let named = ["--label", label]
        #expect(try await daemon.control(["request", intent] + named).status == 0)
        #expect(try await daemon.control(["request", "\(text) 8217 \(text)"] + named).status == 2)
        #expect(try await daemon.control(["request", intent, "--strategy", "sg-lora"] + named).status == 1)
        let cancelled = try await daemon.control(["request", intent, "--no-wait"] + named).line
        _ = try await daemon.control("queue", "cancel", cancelled)
        _ = try await daemon.finished(cancelled)
        #expect(try await daemon.control(["request", intent, "--idempotency-key", label]).status == 0)
        #expect(try await daemon.control(["explain", intent]).status == 0)
        #expect(try await daemon.control(["encode", intent]).status == 0)
        let escaped = label.unicodeScalars.map { String(format: "\\u%04x", $0.value) }.joined()
        try spool.drop("\(file)-good.json", #"{"text": "\#(intent)", "label": "\#(escaped)"}"#)
        try spool.drop("\(file)-bad.json", #"{"text": "\#(intent)", "label": "\#(escaped)", "x": 1}"#)
        try spool.drop("\(file)-none.json", "{ \(intent)")
        try await eventually("the spool's results") {
            ["good", "bad", "none"].allSatisfy {
                FileManager.default.fileExists(atPath: spool.resultFile("\(file)-\($0).json"))
            }
        }
    }

    @Test(
        "after completion, failure, cancellation, a crash and forget, nothing is left of a request",
        arguments: [SIGSEGV, SIGABRT, SIGKILL])
    func crash(_ signal: Int32) async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            let places = ["\(folder)/state", spool.path]
            // Cores would be written, and into the folder that is searched, if the daemon permitted it.
            let daemon = try DaemonProcess(
                folder: folder, arguments: ["--spool", spool.path, "--log-level", "trace"],
                launcher: ["/usr/bin/prlimit", "--core=unlimited", "/usr/bin/env", "-C", folder])
            let status = try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process), "\(daemon.logTail)")
                try await daemon.importExperts(Places.twoExperts)
                try await Self.load(daemon, spool)
                // The crash meets requests at every stage.
                for _ in 0..<6 {
                    _ = try await daemon.control([
                        "request", Self.intent, "--no-wait", "--label", Self.label,
                    ])
                }
                kill(process, signal)
                try await eventually("the crash") { !DaemonProcess.isAlive(process) }
            }
            #expect(status == 128 + signal)
            #expect(Self.all.findings(in: daemon.logText).isEmpty, "\(daemon.logTail)")
            let cores = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
                $0.hasPrefix("core")
            }
            #expect(cores.isEmpty)

            let end = try await TestDaemon.run(
                in: folder, arguments: ["--spool", spool.path, "--log-level", "trace"]
            ) { daemon in
                try await eventually("the end of what the crash met") {
                    let list = try await daemon.reply(
                        Methods.ListRequests.Reply.self, "queue", "list", "--limit", "1000")
                    return list.requests.allSatisfy { $0.finishedAt != nil }
                }
                // Words of the text remain only in rejected files.
                let text = ByteSearch([Self.text])
                func remaining() -> [String: [String]] {
                    places.map { text.files(below: $0) }.reduce(into: [:]) { all, found in
                        all.merge(found.filter { !$0.key.contains("/rejected/") }) { one, _ in one }
                    }
                }
                do {
                    try await eventually("the texts to be erased") {
                        remaining().isEmpty
                    }
                } catch is TimeoutError {
                    Issue.record("still there: \(remaining())")
                }
                let forgotten = try await daemon.control("forget", "--all")
                #expect(forgotten.status == 0, "\(forgotten.error)")
                #expect(Self.all.findings(in: forgotten.output + forgotten.error).isEmpty)
                for place in places { #expect(Self.all.files(below: place).isEmpty) }
            }
            #expect(end.status == 0, "\(end.log)")
            #expect(Self.all.findings(in: end.log).isEmpty)
            for place in places { #expect(Self.all.files(below: place).isEmpty) }
        }
    }

    @Test("an adapter that was evicted or removed before leaves no label in any file after forget")
    func evictedBefore() async throws {
        try await TestDaemon.run(
            configuration: "cache:\n  minimumAge: 0s\n", experts: Places.twoExperts
        ) { daemon in
            for end in ["removed", "evicted"] {
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "definitions of birds", "--label",
                    "\(Self.label) \(end)")
                let adapter = try #require(reply.adapter)
                let outcome =
                    end == "removed"
                    ? try await daemon.control("adapter", "remove", adapter.adapterId)
                    : try await daemon.control("cache", "evict", "--max-bytes", "0")
                #expect(outcome.status == 0, "\(outcome.error)")
            }
            #expect(try await daemon.control("forget", "--all").status == 0)
            #expect(Self.all.files(below: daemon.state).isEmpty)
        }
    }

    @Test("the search finds a word in each of its forms")
    func forms() throws {
        let search = ByteSearch(["quixoblat"])
        let encoded = ["", " ", "  "].map { Data("\($0)a quixoblat b".utf8).base64EncodedString() }
        let samples =
            ["a quixoblat", "QUIXOBLAT", #"\u0071\u0075\u0069\u0078\u006f\u0062\u006c\u0061\u0074"#]
            + encoded
        for sample in samples { #expect(!search.findings(in: sample).isEmpty, "\(sample)") }
        #expect(!search.findings(in: Data("quixoblat".utf16.flatMap { [UInt8($0 & 0xff), 0] })).isEmpty)
        #expect(search.findings(in: "quixo blat").isEmpty)
    }
}
