import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Observing the daemon: metrics, monitoring, health and the doctor command.
@Suite("Observability", .timeLimit(.minutes(20)), .needsModel)
struct ObservabilityTests {
    @Test("metrics are written in Prometheus' text format, to standard output or a file")
    func metrics() async throws {
        try await TestDaemon.run(configuration: "workers: 3\n") { daemon in
            let empty = try await daemon.control("metrics")
            #expect(empty.output.contains("sglorad_requests_total{state=\"done\"} 0\n"), "\(empty.error)")
            try await daemon.importExperts(Places.twoExperts)
            for seed in ["1", "2"] {
                _ = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "definitions of birds", "--seed", seed)
            }
            _ = try await daemon.control("request", "zzz qqq xxyzzy")
            let file = "\(daemon.folder)/sglorad.prom"
            let written = try await daemon.control("metrics", "-o", file)
            #expect(written.status == 0 && written.output == "Wrote \(file).\n", "\(written.error)")
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for line in [
                "# TYPE sglorad_requests_total counter", "sglorad_requests_total{state=\"done\"} 2",
                "sglorad_requests_total{state=\"refused\"} 1", "# TYPE sglorad_answer_seconds histogram",
                "sglorad_answer_seconds_count 3", "sglorad_stage_seconds_count{stage=\"publishing\"} 2",
                "sglorad_queue_requests{state=\"done\"} 2", "sglorad_cache_items{kind=\"adapters\"} 2",
                "sglorad_cache_items{kind=\"experts\"} 2", "sglorad_conditions 0", "sglorad_connections 1",
                "sglorad_workers{state=\"busy\"} 0", "sglorad_workers{state=\"idle\"} 3",
            ] {
                #expect(text.contains("\n\(line)\n") || text.hasPrefix("\(line)\n"), "\(line): \(text)")
            }
            // Every line is a comment or a name with a number.
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
            }
            let calls = text.split(separator: "\n").first { $0.hasPrefix("sglorad_calls_total ") }
            #expect(calls.flatMap { Int($0.split(separator: " ")[1]) } ?? 0 > 5)
            let nowhere = try await daemon.control("metrics", "-o", "/nowhere/sglorad.prom")
            #expect(nowhere.status == 1 && nowhere.error.contains("/nowhere/sglorad.prom"))
        }
    }

    @Test("a monitor receives the current health, then every change of requests and health")
    func monitor() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let client = try await VarlinkClient.connect(path: daemon.socket)
            var replies = client.stream(
                Methods.Monitor.qualifiedName, Methods.Monitor.Parameters(),
                returning: Methods.Monitor.Reply.self
            ).makeAsyncIterator()
            let first = try #require(try await replies.next())
            #expect(first.health?.state == "ok" && first.request == nil)
            let reply = try await daemon.reply(
                Methods.Request.Reply.self, "request", "definitions of birds")
            var states: [String] = []
            while states.last != "done", let next = try await replies.next() {
                if let request = next.request, request.requestId == reply.request.requestId {
                    states.append(request.stage ?? request.state)
                }
            }
            #expect(states == ["queued", "running", "encoding", "generating", "publishing", "done"])
            try FileManager.default.createDirectory(
                atPath: "\(daemon.state)/private/damaged/thing", withIntermediateDirectories: true)
            while let next = try await replies.next() {
                if next.health?.conditions.map(\.name) == ["damaged/thing"] { break }
            }
            await client.close()
        }
    }

    @Test("monitoring needs 'more', and ends with an error when the daemon stops")
    func monitorEnds() async throws {
        let ended = Ended()
        try await TestDaemon.run { daemon in
            let client = try await VarlinkClient.connect(path: daemon.socket)
            let error = await #expect(throws: VarlinkError.self) {
                try await client.call(
                    Methods.Monitor.qualifiedName, Methods.Monitor.Parameters(),
                    returning: Methods.Monitor.Reply.self)
            }
            #expect(error?.name == "org.varlink.service.ExpectedMore")
            let replies = client.stream(
                Methods.Monitor.qualifiedName, Methods.Monitor.Parameters(),
                returning: Methods.Monitor.Reply.self)
            await ended.watch(replies)
            try await eventually("the monitor's first reply") { await ended.hasBegun }
        }
        #expect(await ended.error?.name == "io.sglorad.Cancelled")
    }

    @Test("the doctor reports a healthy daemon, findings with remedies, and how to start a missing daemon")
    func doctor() async throws {
        try await withTemporaryFolder { folder in
            let nobody = try await Program.run(
                "\(Places.products)/sglorad-ctl", ["doctor", "--socket", "\(folder)/socket"])
            #expect(nobody.status == 1 && nobody.output.contains("socket"), "\(nobody)")
            #expect(nobody.output.contains("systemctl"), "\(nobody.output)")
            try await TestDaemon.run(in: folder) { daemon in
                let empty = try await daemon.control("doctor")
                #expect(empty.status == 1 && empty.output.contains("expert import"), "\(empty.output)")
                try await daemon.importExperts(Places.twoExperts)
                let well = try await daemon.control("doctor")
                #expect(well.status == 0, "\(well.output)")
                try FileManager.default.createDirectory(
                    atPath: "\(daemon.state)/private/damaged/thing", withIntermediateDirectories: true)
                let ill = try await daemon.control("doctor", "--json")
                #expect(ill.status == 1)
                let findings = try #require(try ill.json()["findings"] as? [[String: Any]])
                let wrong = findings.filter { $0["isWell"] as? Bool == false }
                #expect(wrong.count == 1 && wrong[0]["subject"] as? String == "damaged/thing")
                #expect(
                    (wrong[0]["remedy"] as? String)?.contains("\(daemon.state)/private/damaged/thing") == true
                )
            }
        }
    }

    /// Reads a monitor's replies until they end.
    private actor Ended {
        var hasBegun = false
        private var task: Task<VarlinkError?, Never>?
        var error: VarlinkError? { get async { await task?.value } }

        func watch(_ replies: AsyncThrowingStream<Methods.Monitor.Reply, any Error>) {
            task = Task {
                do {
                    for try await _ in replies { hasBegun = true }
                    return nil
                } catch {
                    return error as? VarlinkError
                }
            }
        }
    }
}
