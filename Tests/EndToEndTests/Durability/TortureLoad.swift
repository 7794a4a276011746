import ExpertLibrary
import Foundation
import IntentQueue
import Privacy
import SgloradInterface
import SpoolForms
import Synchronization
import TestSupport
import Testing
import Varlink

/// Concurrent clients that make all kinds of calls and record what was acknowledged.
final class TortureLoad: Sendable {
    private struct Record {
        /// The identifier of each acknowledged request, by idempotency key.
        var accepted: [String: String] = [:]
        /// Keys that were sent but not acknowledged; they are sent again.
        var unanswered: [String] = []
        /// The final state of each request that was seen in one.
        var ended: [String: Wire.QueuedRequest] = [:]
        /// Adapters that were removed or evicted, or may have been.
        var removed: Set<String> = []
        /// Requests for which Forget was called, and whether it was acknowledged.
        var forgotten: [String: Bool] = [:]
        /// Adapters whose pin was acknowledged.
        var pinned: Set<String> = []
        /// Whether the changing expert is in the library according to the last reply; nil where that is unknown.
        var isImported: Bool? = false
        var failures: [String] = []
        var number = 0
    }

    /// The result of a run.
    struct Verdict {
        var failures: [String]
        var acknowledged: Int
        var summary: String
    }

    /// The expert that is imported and removed again and again.
    static let changingExpert = "wn-trees"
    let socket: String
    private let record = Mutex(Record())

    init(socket: String) { self.socket = socket }

    /// The number of acknowledged requests so far.
    var acknowledged: Int { record.withLock { $0.accepted.count } }

    /// Runs the commands that import, remove and train.
    static func library(_ daemon: DaemonProcess) -> @Sendable ([String]) async throws -> Int32 {
        { arguments in try await daemon.control(arguments).status }
    }

    /// Loads the daemon until the task is cancelled.
    func run(round: Int, library: @escaping @Sendable ([String]) async throws -> Int32) async {
        await withTaskGroup { group in
            for _ in 0..<3 { group.addTask { await self.repeatedly { try await self.submit($0) } } }
            group.addTask { await self.repeatedly { try await self.look($0) } }
            group.addTask { await self.repeatedly { try await self.clean($0) } }
            group.addTask {
                do {
                    switch round % 4 {
                    case 0, 2: try await self.changeLibrary(library)
                    case 1: _ = try await library(["generator", "train", "--steps", "3"])
                    default: _ = try await library(["cache", "verify", "--repair"])
                    }
                } catch {}
            }
        }
    }

    /// Connects and repeats a call until the task is cancelled; reconnects where the connection fails.
    private func repeatedly(_ body: (VarlinkClient) async throws -> Void) async {
        while !Task.isCancelled {
            guard let client = try? await VarlinkClient.connect(path: socket) else {
                try? await Task.sleep(for: .milliseconds(10))
                continue
            }
            do {
                while !Task.isCancelled { try await body(client) }
            } catch {
                // The daemon was killed or refused the call; unacknowledged requests are sent again.
            }
            await client.close()
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func submit(_ client: VarlinkClient) async throws {
        let key = record.withLock { record in
            if let open = record.unanswered.popLast() { return open }
            record.number += 1
            return "k-\(record.number)"
        }
        do {
            let reply = try await client.call(
                Methods.Submit.qualifiedName,
                Methods.Submit.Parameters(
                    intent: Wire.Intent(
                        text: PrivateText("definitions of birds, \(key)"), strategy: "weighted", seed: 1,
                        force: true),
                    idempotencyKey: key),
                returning: Methods.Submit.Reply.self)
            record.withLock { record in
                if let known = record.accepted[key], known != reply.requestId {
                    record.failures.append("\(key) was \(known) and is \(reply.requestId)")
                }
                record.accepted[key] = reply.requestId
            }
        } catch {
            record.withLock { $0.unanswered.append(key) }
            throw error
        }
        // Now and then an accepted request is repeated, cancelled or forgotten.
        let other = record.withLock { record in
            record.accepted.randomElement().flatMap { record.forgotten[$0.value] == nil ? $0 : nil }
        }
        guard let other else { return }
        switch Int.random(in: 0..<12) {
        case 0: record.withLock { $0.unanswered.append(other.key) }
        case 1:
            _ = try await client.call(
                Methods.CancelRequest.qualifiedName,
                Methods.CancelRequest.Parameters(requestId: other.value),
                returning: Methods.CancelRequest.Reply.self)
        case 2:
            // From here on it is neither repeated nor cancelled.
            let isFree = record.withLock { record in
                guard !record.unanswered.contains(other.key), record.forgotten[other.value] == nil else {
                    return false
                }
                record.forgotten[other.value] = false
                return true
            }
            guard isFree else { break }
            _ = try await client.call(
                Methods.Forget.qualifiedName, Methods.Forget.Parameters(requestId: other.value),
                returning: Methods.Forget.Reply.self)
            record.withLock { $0.forgotten[other.value] = true }
        default: break
        }
        try await Task.sleep(for: .milliseconds(5))
    }

    /// Lists requests and checks that final states do not change.
    private func look(_ client: VarlinkClient) async throws {
        let reply = try await client.call(
            Methods.ListRequests.qualifiedName, Methods.ListRequests.Parameters(limit: 200),
            returning: Methods.ListRequests.Reply.self)
        note(reply.requests)
        try await Task.sleep(for: .milliseconds(40))
    }

    private func note(_ requests: [Wire.QueuedRequest]) {
        record.withLock { record in
            for request in requests {
                if let before = record.ended[request.requestId] {
                    if before.state != request.state || before.adapterId != request.adapterId
                        || before.finishedAt != request.finishedAt
                    {
                        record.failures.append("\(before) became \(request)")
                    }
                } else if request.finishedAt != nil {
                    record.ended[request.requestId] = request
                }
            }
        }
    }

    /// Pins, removes and evicts.
    private func clean(_ client: VarlinkClient) async throws {
        let list = try await client.call(
            Methods.ListAdapters.qualifiedName, Methods.ListAdapters.Parameters(),
            returning: Methods.ListAdapters.Reply.self)
        let free = list.adapters.filter { $0.pinned != true }.map(\.adapterId)
        guard let one = free.randomElement() else { return try await Task.sleep(for: .milliseconds(20)) }
        switch Int.random(in: 0..<10) {
        case 0:
            // Only an adapter whose request was seen in its final state. Otherwise the request could be forgotten, and
            // the verdict could not tell why the adapter is gone.
            try await look(client)
            guard record.withLock({ record in record.ended.values.contains { $0.adapterId == one } }) else {
                break
            }
            let pinned = try await client.call(
                Methods.PinAdapter.qualifiedName,
                Methods.PinAdapter.Parameters(adapterId: one, pinned: true),
                returning: Methods.PinAdapter.Reply.self)
            record.withLock { _ = $0.pinned.insert(pinned.adapter.adapterId) }
        case 1, 2:
            record.withLock { _ = $0.removed.insert(one) }
            _ = try await client.call(
                Methods.RemoveAdapter.qualifiedName, Methods.RemoveAdapter.Parameters(adapterId: one),
                returning: Methods.RemoveAdapter.Reply.self)
        case 3:
            // A list has only the newest adapters, but eviction removes the oldest.
            let all = try await client.call(
                Methods.EvictCache.qualifiedName,
                Methods.EvictCache.Parameters(maximumBytes: 0, dryRun: true),
                returning: Methods.EvictCache.Reply.self)
            // Evicts two and any that were published since; the dry run lists far more than those.
            guard all.evicted.count > 20 else { break }
            record.withLock { $0.removed.formUnion(all.evicted) }
            let most = all.bytes + all.keptBytes - 2 * (all.bytes / all.evicted.count)
            _ = try await client.call(
                Methods.EvictCache.qualifiedName, Methods.EvictCache.Parameters(maximumBytes: most),
                returning: Methods.EvictCache.Reply.self)
        default: break
        }
        try await Task.sleep(for: .milliseconds(30))
    }

    private func changeLibrary(_ library: ([String]) async throws -> Int32) async throws {
        let wasImported = record.withLock { $0.isImported }
        let removes = wasImported ?? Bool.random()
        record.withLock { $0.isImported = nil }
        let status = try await library(
            removes
                ? ["expert", "remove", Self.changingExpert]
                : ["expert", "import"] + Places.experts(Self.changingExpert))
        if status == 0 { record.withLock { $0.isImported = !removes } }
    }

    /// Sends unacknowledged requests again, waits until none is in progress, and notes the state of all of them.
    func waitForTheEnd() async throws {
        let client = try await VarlinkClient.connect(path: socket)
        while !record.withLock(\.unanswered.isEmpty) { try await submit(client) }
        while true {
            let status = try await client.call(
                Methods.Status.qualifiedName, Methods.Status.Parameters(),
                returning: Methods.Status.Reply.self)
            if status.queue.queued + status.queue.running == 0 { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        for id in record.withLock({ record in record.accepted.values.filter { record.forgotten[$0] == nil } })
        {
            let reply = try await client.call(
                Methods.GetRequest.qualifiedName, Methods.GetRequest.Parameters(requestId: id),
                returning: Methods.GetRequest.Reply.self)
            note([reply.request])
        }
        let experts = try await client.call(
            Methods.ListExperts.qualifiedName, Methods.ListExperts.Parameters(),
            returning: Methods.ListExperts.Reply.self)
        let isThere = experts.experts.contains { $0.name == Self.changingExpert }
        record.withLock { record in
            if let said = record.isImported, said != isThere {
                record.failures.append(
                    "the expert \(Self.changingExpert): acknowledged \(said), is \(isThere)")
            }
            if experts.experts.count != (isThere ? 4 : 3) {
                record.failures.append("\(experts.experts.count) experts")
            }
        }
        await client.close()
    }

    /// Compares what was acknowledged with what is stored.
    func judge(_ audit: StateAudit, log: String) -> Verdict {
        record.withLock { record in
            var failures = record.failures
            var states: [String: Int] = [:]
            let adapters = Dictionary(uniqueKeysWithValues: audit.adapters.map { ($0.id, $0) })
            let present = Set(audit.requests.map(\.id))
            for (key, id) in record.accepted {
                if let isAcknowledged = record.forgotten[id] {
                    if isAcknowledged,
                        present.contains(id) || audit.adapters.contains(where: { $0.request == id })
                    {
                        failures.append("\(key), \(id), was forgotten but is still there")
                    }
                    continue
                }
                guard let end = record.ended[id] else {
                    failures.append("\(key), \(id), has no final state")
                    continue
                }
                states[end.state, default: 0] += 1
                guard end.state == "done" || end.state == "cancelled" else {
                    failures.append("\(key), \(id), is \(end.state): \(end.failure ?? "")")
                    continue
                }
                if end.state == "done", let adapter = end.adapterId, adapters[adapter] == nil,
                    !record.removed.contains(adapter)
                {
                    let lines = log.split(separator: "\n").filter { $0.contains(adapter) || $0.contains(id) }
                    failures.append(
                        "\(key), \(id), is done, and its adapter \(adapter) is gone: \(lines)")
                }
            }
            // Exactly one request for each key.
            let strangers = present.subtracting(record.accepted.values)
            if !strangers.isEmpty { failures.append("requests that were never acknowledged: \(strangers)") }
            for adapter in record.pinned where adapters[adapter]?.isPinned != true {
                let isForgotten = record.ended.values.contains {
                    $0.adapterId == adapter && record.forgotten[$0.requestId] != nil
                }
                if !isForgotten, !record.removed.contains(adapter) {
                    failures.append("the pinned \(adapter) is gone")
                }
            }
            let counts = states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return Verdict(
                failures: failures, acknowledged: record.accepted.count,
                summary:
                    "\(record.accepted.count) requests acknowledged (\(counts.joined(separator: ", "))), "
                    + "\(audit.adapters.count) adapters left, \(record.removed.count) removed or evicted, "
                    + "\(record.forgotten.count) forgotten")
        }
    }
}
