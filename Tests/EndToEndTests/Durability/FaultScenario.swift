import ControlProtocol
import Foundation
import Glibc
import Testing

/// A small life of a daemon in which one file operation fails: three experts, ten training steps, a request, an eviction,
/// something forgotten; and
/// then a life without faults, after which everything must be as it was said to be.
struct FaultScenario {
    let fault: FaultTests.Fault
    /// Which operation fails; 0 for none.
    let at: Int

    private static let experts = Places.experts("wn-birds", "wn-fish", "wn-insects")
    private static let library = "\(Places.products)/libFaultInjection.so"

    /// What the daemon acknowledged.
    private struct Promises {
        var experts: Set<String> = []
        var generator: String?
        var request: String?
        var adapter: String?
        var isEvicted = false
        var forgotten: String?
    }

    private actor Book {
        var promises = Promises()
        func note(_ change: @Sendable (inout Promises) -> Void) { change(&promises) }
    }

    /// Runs it.
    ///
    /// - Returns: how many operations the daemon did in its first life.
    func run() async throws -> Int {
        try await withTemporaryFolder { folder in
            try Data("cache:\n  minimumAge: 0s\n".utf8).write(to: URL(filePath: "\(folder)/config.yaml"))
            let arguments = ["--config", "\(folder)/config.yaml"]
            let faulty = MortalDaemon(
                folder: folder, arguments: arguments,
                environment: [
                    "LD_PRELOAD": Self.library, "SGLORAD_FAULT_ROOT": "\(folder)/state",
                    "SGLORAD_FAULT_AT": "\(at)", "SGLORAD_FAULT_ERRNO": "\(fault.number)",
                    "SGLORAD_FAULT_LASTS": fault.lasts ? "1" : "0", "SGLORAD_FAULT_COUNT": "\(folder)/count",
                ])
            let book = Book()
            let end = try await faulty.run(signal: SIGTERM) { process in
                guard try await faulty.waitUntilServing(process) else { return }
                try await live(faulty, book)
            }
            let place = "\(fault.testDescription), operation \(at)"
            #expect(end == 0 || end == 1, "\(place): ended with \(end): \(faulty.tail)")
            let sound = MortalDaemon(folder: folder, arguments: arguments)
            let promises = await book.promises
            let after = try await sound.run(signal: SIGTERM) { process in
                try #require(try await sound.waitUntilServing(process), "\(place): \(sound.tail)")
                try await check(sound, promises, place)
            }
            #expect(after == 0, "\(place): \(sound.tail)")
            let audit = try await StateAudit(state: sound.state)
            #expect(audit.findings == [], "\(place)")
            let count = try? String(contentsOfFile: "\(folder)/count", encoding: .utf8)
            return try #require(count.flatMap { Int($0) }, "\(place): \(faulty.tail)")
        }
    }

    /// Does everything once; what fails says so, and what is acknowledged is written down.
    private func live(_ daemon: MortalDaemon, _ book: Book) async throws {
        for expert in Self.experts {
            if try await ask(daemon, "expert", "import", expert) != nil {
                await book.note { $0.experts.insert(URL(filePath: expert).lastPathComponent) }
            }
        }
        if let text = try await ask(daemon, "generator", "train", "--steps", "10", "--json") {
            let reply = try JSONDecoder().decode(Methods.TrainGenerator.Reply.self, from: Data(text.utf8))
            await book.note { $0.generator = reply.generator?.generatorId }
        }
        let key = ["--idempotency-key", "k", "--force", "--seed", "1"]
        if let id = try await ask(daemon, ["request", "definitions of owls", "--no-wait"] + key) {
            await book.note { $0.request = id.trimmingCharacters(in: .newlines) }
        }
        if let text = try await ask(daemon, ["request", "definitions of owls", "--json"] + key) {
            let reply = try JSONDecoder().decode(Methods.Request.Reply.self, from: Data(text.utf8))
            await book.note { $0.adapter = reply.adapter?.adapterId }
        }
        if try await ask(daemon, "cache", "evict", "--max-bytes", "0") != nil {
            await book.note { $0.isEvicted = true }
        }
        let trouts = ["request", "definitions of trouts", "--force", "--seed", "2", "--json"]
        if let text = try await ask(daemon, trouts) {
            let reply = try JSONDecoder().decode(Methods.Request.Reply.self, from: Data(text.utf8))
            if try await ask(daemon, "forget", reply.request.requestId) != nil {
                await book.note { $0.forgotten = reply.request.requestId }
            }
        }
        _ = try await ask(daemon, "cache", "verify")
        _ = try await ask(daemon, "status")
    }

    /// Runs a command; an error must be one that is said.
    private func ask(_ daemon: MortalDaemon, _ arguments: String...) async throws -> String? {
        try await ask(daemon, arguments)
    }

    private func ask(_ daemon: MortalDaemon, _ arguments: [String]) async throws -> String? {
        // Whatever fails, nobody is left waiting.
        let outcome = try await daemon.control(arguments, within: 120)
        if outcome.status == 0 { return outcome.output }
        #expect(
            outcome.status < 124 && !(outcome.error + outcome.output).isEmpty,
            "\(fault.testDescription), operation \(at): \(arguments): \(outcome)")
        return nil
    }

    /// Without faults all promises are kept, and everything works again.
    private func check(_ daemon: MortalDaemon, _ promises: Promises, _ place: String) async throws {
        func reply<T: Decodable>(_ type: T.Type, _ arguments: String...) async throws -> T {
            let outcome = try await daemon.control(arguments + ["--json"])
            try #require(outcome.status == 0, "\(place): \(arguments): \(outcome.output) \(outcome.error)")
            return try outcome.decode(type)
        }
        let experts = try await reply(Methods.ListExperts.Reply.self, "expert", "list").experts.map(\.name)
        #expect(promises.experts.isSubset(of: experts), "\(place): \(experts)")
        let generators = try await reply(Methods.ListGenerators.Reply.self, "generator", "list").generators
        if let generator = promises.generator {
            #expect(generators.contains { $0.generatorId == generator }, "\(place)")
        }
        if let id = promises.request {
            while true {
                let request = try await reply(Methods.GetRequest.Reply.self, "queue", "show", id).request
                if request.finishedAt != nil { break }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let adapters = try await reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
        if let adapter = promises.adapter {
            // An eviction that failed may have been half done, one adapter at a time.
            let isThere = adapters.contains { $0.adapterId == adapter }
            if promises.isEvicted { #expect(!isThere, "\(place): evicted and there") }
        }
        if let id = promises.forgotten {
            let shown = try await daemon.control("queue", "show", id)
            #expect(shown.status == 65, "\(place): forgotten, and shown: \(shown.output)")
        }
        let missing = Self.experts.filter { !experts.contains(URL(filePath: $0).lastPathComponent) }
        if !missing.isEmpty {
            let outcome = try await daemon.control(["expert", "import"] + missing)
            #expect(outcome.status == 0, "\(place): \(outcome.error)")
        }
        let again = try await daemon.control("request", "definitions of owls", "--force")
        #expect(again.status == 0, "\(place): \(again.error)")
        let verified = try await daemon.control("cache", "verify")
        #expect(verified.status == 0, "\(place): \(verified.output)")
    }
}
