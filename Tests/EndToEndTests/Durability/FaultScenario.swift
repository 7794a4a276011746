import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// A short run of a daemon in which one file operation fails, and then one without faults, after which everything that
/// was acknowledged must hold.
///
/// The run imports three experts, trains for ten steps, makes a request, evicts, and forgets.
struct FaultScenario {
    let fault: FaultTests.Fault
    /// The number of the failing operation, from 1; 0 for none.
    let at: Int

    private static let experts = Places.experts("wn-birds", "wn-fish", "wn-insects")
    private static let library = "\(Places.products)/libFaultInjection.so"

    /// What the daemon acknowledged.
    private struct Acknowledged {
        var experts: Set<String> = []
        var generator: String?
        var request: String?
        var adapter: String?
        var isEvicted = false
        var forgotten: String?
    }

    private actor Record {
        var acknowledged = Acknowledged()
        func note(_ change: @Sendable (inout Acknowledged) -> Void) { change(&acknowledged) }
    }

    /// Runs the scenario.
    ///
    /// - Returns: the number of file operations of the run with the fault.
    func run() async throws -> Int {
        try await withTemporaryFolder { folder in
            let sound = try DaemonProcess(folder: folder, configuration: "cache:\n  minimumAge: 0s\n")
            var faulty = sound
            faulty.environment = [
                "LD_PRELOAD": Self.library, "SGLORAD_FAULT_ROOT": "\(folder)/state",
                "SGLORAD_FAULT_AT": "\(at)", "SGLORAD_FAULT_ERRNO": "\(fault.number)",
                "SGLORAD_FAULT_LASTS": fault.lasts ? "1" : "0", "SGLORAD_FAULT_COUNT": "\(folder)/count",
            ]
            let record = Record()
            let end = try await faulty.run { [faulty] process in
                guard try await faulty.waitUntilServing(process) else { return }
                try await exercise(faulty, record)
            }
            let place = "\(fault.testDescription), operation \(at)"
            #expect(end == 0 || end == 1, "\(place): ended with \(end): \(faulty.logTail)")
            let acknowledged = await record.acknowledged
            let after = try await sound.run { process in
                try #require(try await sound.waitUntilServing(process), "\(place): \(sound.logTail)")
                do {
                    try await check(sound, acknowledged, place)
                } catch {
                    Issue.record("\(place): \(error)")
                    throw error
                }
            }
            #expect(after == 0, "\(place): \(sound.logTail)")
            let audit = try await StateAudit(state: sound.state)
            #expect(audit.findings == [], "\(place)")
            let count = try? String(contentsOfFile: "\(folder)/count", encoding: .utf8)
            return try #require(count.flatMap { Int($0) }, "\(place): \(faulty.logTail)")
        }
    }

    /// Runs every command once and records what is acknowledged.
    private func exercise(_ daemon: DaemonProcess, _ record: Record) async throws {
        for expert in Self.experts {
            if try await ask(daemon, "expert", "import", expert) != nil {
                await record.note { $0.experts.insert(URL(filePath: expert).lastPathComponent) }
            }
        }
        if let text = try await ask(daemon, "generator", "train", "--steps", "10", "--json") {
            let reply = try JSONDecoder().decode(Methods.TrainGenerator.Reply.self, from: Data(text.utf8))
            await record.note { $0.generator = reply.generator?.generatorId }
        }
        let key = ["--idempotency-key", "k", "--force", "--seed", "1"]
        if let id = try await ask(daemon, ["request", "definitions of owls", "--no-wait"] + key) {
            await record.note { $0.request = id.trimmingCharacters(in: .newlines) }
        }
        if let text = try await ask(daemon, ["request", "definitions of owls", "--json"] + key) {
            let reply = try JSONDecoder().decode(Methods.Request.Reply.self, from: Data(text.utf8))
            await record.note { $0.adapter = reply.adapter?.adapterId }
        }
        if try await ask(daemon, "cache", "evict", "--max-bytes", "0") != nil {
            await record.note { $0.isEvicted = true }
        }
        let trouts = ["request", "definitions of trouts", "--force", "--seed", "2", "--json"]
        if let text = try await ask(daemon, trouts) {
            let reply = try JSONDecoder().decode(Methods.Request.Reply.self, from: Data(text.utf8))
            if try await ask(daemon, "forget", reply.request.requestId) != nil {
                await record.note { $0.forgotten = reply.request.requestId }
            }
        }
        _ = try await ask(daemon, "cache", "verify")
        _ = try await ask(daemon, "status")
    }

    /// Runs a command.
    ///
    /// - Returns: its output; nil where it failed, which it must do with a message and in time.
    private func ask(_ daemon: DaemonProcess, _ arguments: String...) async throws -> String? {
        try await ask(daemon, arguments)
    }

    private func ask(_ daemon: DaemonProcess, _ arguments: [String]) async throws -> String? {
        // Even a failure must be reported in time.
        let outcome = try await daemon.control(arguments, within: 120)
        if outcome.status == 0 { return outcome.output }
        #expect(
            outcome.status < 124 && !(outcome.error + outcome.output).isEmpty,
            "\(fault.testDescription), operation \(at): \(arguments): \(outcome)")
        return nil
    }

    /// Expects everything acknowledged to hold and all commands to work without faults.
    private func check(
        _ daemon: DaemonProcess, _ acknowledged: Acknowledged, _ place: String
    ) async throws {
        let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts.map(
            \.name)
        #expect(acknowledged.experts.isSubset(of: experts), "\(place): \(experts)")
        let generators = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
            .generators
        if let generator = acknowledged.generator {
            #expect(generators.contains { $0.generatorId == generator }, "\(place)")
        }
        if let id = acknowledged.request { _ = try await daemon.finished(id) }
        let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
        if let adapter = acknowledged.adapter {
            // Eviction removes one adapter at a time, so a failed one may be partial.
            let isThere = adapters.contains { $0.adapterId == adapter }
            if acknowledged.isEvicted { #expect(!isThere, "\(place): still there after its eviction") }
        }
        if let id = acknowledged.forgotten {
            let shown = try await daemon.control("queue", "show", id)
            #expect(shown.status == 65, "\(place): forgotten but shown: \(shown.output)")
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
