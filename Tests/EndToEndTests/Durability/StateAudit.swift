import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import IntentQueue

/// What must hold of a state directory whose daemon has ended, whatever happened to it before.
struct StateAudit {
    /// What is wrong; nothing where all holds.
    private(set) var findings: [String] = []
    /// The adapters there are.
    private(set) var adapters: [AdapterRecord] = []
    /// The requests there are.
    private(set) var requests: [QueuedRequest] = []

    /// Opens both databases and holds them against each other and against every file's content.
    ///
    /// Only after a daemon that started without faults has ended in order: it is a start that mends.
    init(state path: String) async throws {
        let state = try StateDirectory(root: path)
        let cache = try ExpertCache(state)
        let inventory = try await cache.inventory()
        adapters = inventory.adapters
        let files = inventory.verify(state, depth: .content, minimumAge: -.infinity)
        findings += files.problems.map { "\($0.name): \($0.path) \($0.finding)" }
        findings += try await cache.databaseProblems().map { "cache.db: \($0.finding)" }
        try cache.close()
        let queue = try IntentQueue(path: state.queueDatabase, keyFile: state.idempotencyKey)
        findings += try await queue.problems().map { "queue.db: \($0)" }
        requests = try await queue.requests(uid: nil, limit: 1_000_000)
        try await queue.close()
        check()
        for folder in [state.temporary, state.uploads] {
            findings += DurableFile.entries(of: folder).map { "\(folder)/\($0) is left over" }
        }
    }

    private mutating func check() {
        for request in requests {
            if !request.state.isFinal { findings.append("request \(request.id) is \(request.state)") }
            let own = adapters.filter { $0.request == request.id }
            if own.count > 1 { findings.append("request \(request.id) has \(own.count) adapters") }
            if let adapter = own.first, request.state != .done || request.adapter != adapter.id {
                findings.append(
                    "adapter \(adapter.id) answers \(request.id), which is \(request.state) with "
                        + "\(request.adapter ?? "none")")
            }
        }
    }
}
