import ErrorModel
import ExpertLibrary
import Files
import Foundation
import IntentQueue
import Storage

/// Checks the invariants of a state directory after its daemon has exited.
///
/// The only part of these tests that reads the stores directly.
struct StateAudit {
    /// The violations found; empty for a sound state.
    private(set) var findings: [String] = []
    /// All adapters.
    private(set) var adapters: [AdapterRecord] = []
    /// All requests.
    private(set) var requests: [QueuedRequest] = []

    /// Opens both databases and compares them with each other and with the content of every file.
    ///
    /// Valid only after a clean start and exit, since recovery happens at the start.
    init(state path: String) async throws {
        let state = try StateDirectory(root: path)
        let library = try LibraryStore(state)
        let inventory = try await library.integrity.inventory()
        adapters = inventory.adapters
        let files = inventory.verify(state, depth: .content, minimumAge: -.infinity)
        findings += files.problems.map { "\($0.name): \($0.path) \($0.finding)" }
        findings += try await library.integrity.databaseProblems().map { "cache.db: \($0.finding)" }
        try library.close()
        let queue = try RequestQueue(path: state.queueDatabase, keyFile: state.idempotencyKey)
        findings += try await queue.problems().map { "queue.db: \($0)" }
        requests = try await queue.requests(uid: nil, limit: 1_000_000)
        try await queue.close()
        check()
        for folder in [state.temporary, state.uploads] {
            findings += Folder.entries(of: folder).map { "\(folder)/\($0) is left over" }
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
