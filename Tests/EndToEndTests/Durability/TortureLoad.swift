import ControlProtocol
import ExpertCache
import Foundation
import IntentQueue
import Privacy
import Synchronization
import Testing

/// Clients that ask for all kinds of things at once and write down what was acknowledged.
final class TortureLoad: Sendable {
    private struct Book {
        /// The identifier of each request whose acceptance was said, by its idempotency key.
        var accepted: [String: String] = [:]
        /// Keys that were sent and not answered: sent again later.
        var unanswered: [String] = []
        /// The end of each request that was seen to have ended.
        var ended: [String: Wire.Request] = [:]
        /// Adapters that were removed or evicted, or may have been.
        var removed: Set<String> = []
        /// Requests that were to be forgotten, and whether that was acknowledged.
        var forgotten: [String: Bool] = [:]
        /// Adapters whose pin was acknowledged.
        var pinned: Set<String> = []
        /// Whether the changing expert was last acknowledged to be in the library; nil while that is open.
        var isImported: Bool? = false
        var failures: [String] = []
        var number = 0
    }

    /// What came of it all.
    struct Verdict {
        var failures: [String]
        var acknowledged: Int
        var summary: String
    }

    /// The expert that comes and goes.
    static let visitor = "wn-trees"
    let socket: String
    private let book = Mutex(Book())

    init(socket: String) { self.socket = socket }

    /// How many requests' acceptance was said so far.
    var acknowledged: Int { book.withLock { $0.accepted.count } }

    /// What imports, removes and trains, by the command line as a person does.
    static func library(_ daemon: MortalDaemon) -> @Sendable ([String]) async throws -> Int32 {
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

    /// Connects and does something again and again, until the connection or the task ends.
    private func repeatedly(_ body: (VarlinkClient) async throws -> Void) async {
        while !Task.isCancelled {
            guard let client = try? await VarlinkClient.connect(path: socket) else {
                try? await Task.sleep(for: .milliseconds(10))
                continue
            }
            do {
                while !Task.isCancelled { try await body(client) }
            } catch {
                // The daemon is gone, or refused: what was not answered is asked again.
            }
            await client.close()
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func submit(_ client: VarlinkClient) async throws {
        let key = book.withLock { book in
            if let open = book.unanswered.popLast() { return open }
            book.number += 1
            return "k-\(book.number)"
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
            book.withLock { book in
                if let known = book.accepted[key], known != reply.requestId {
                    book.failures.append("\(key) was \(known) and is \(reply.requestId)")
                }
                book.accepted[key] = reply.requestId
            }
        } catch {
            book.withLock { $0.unanswered.append(key) }
            throw error
        }
        // Now and then an accepted one is asked for again, or called off.
        let other = book.withLock { book in
            book.accepted.randomElement().flatMap { book.forgotten[$0.value] == nil ? $0 : nil }
        }
        guard let other else { return }
        switch Int.random(in: 0..<12) {
        case 0: book.withLock { $0.unanswered.append(other.key) }
        case 1:
            _ = try await client.call(
                Methods.CancelRequest.qualifiedName,
                Methods.CancelRequest.Parameters(requestId: other.value),
                returning: Methods.CancelRequest.Reply.self)
        case 2:
            // Nothing is asked of it any more from here on.
            let isFree = book.withLock { book in
                guard !book.unanswered.contains(other.key), book.forgotten[other.value] == nil else {
                    return false
                }
                book.forgotten[other.value] = false
                return true
            }
            guard isFree else { break }
            _ = try await client.call(
                Methods.Forget.qualifiedName, Methods.Forget.Parameters(requestId: other.value),
                returning: Methods.Forget.Reply.self)
            book.withLock { $0.forgotten[other.value] = true }
        default: break
        }
        try await Task.sleep(for: .milliseconds(5))
    }

    /// Looks at requests; one that has ended stays as it ended.
    private func look(_ client: VarlinkClient) async throws {
        let reply = try await client.call(
            Methods.ListRequests.qualifiedName, Methods.ListRequests.Parameters(limit: 200),
            returning: Methods.ListRequests.Reply.self)
        note(reply.requests)
        try await Task.sleep(for: .milliseconds(40))
    }

    private func note(_ requests: [Wire.Request]) {
        book.withLock { book in
            for request in requests {
                if let before = book.ended[request.requestId] {
                    if before.state != request.state || before.adapterId != request.adapterId
                        || before.finishedAt != request.finishedAt
                    {
                        book.failures.append("\(before) became \(request)")
                    }
                } else if request.finishedAt != nil {
                    book.ended[request.requestId] = request
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
            // Only one whose request is known by now: if that is forgotten before anybody looked at its end, nobody can tell
            // why the adapter is gone.
            try await look(client)
            guard book.withLock({ book in book.ended.values.contains { $0.adapterId == one } }) else { break }
            let pinned = try await client.call(
                Methods.PinAdapter.qualifiedName,
                Methods.PinAdapter.Parameters(adapterId: one, pinned: true),
                returning: Methods.PinAdapter.Reply.self)
            book.withLock { _ = $0.pinned.insert(pinned.adapter.adapterId) }
        case 1, 2:
            book.withLock { _ = $0.removed.insert(one) }
            _ = try await client.call(
                Methods.RemoveAdapter.qualifiedName, Methods.RemoveAdapter.Parameters(adapterId: one),
                returning: Methods.RemoveAdapter.Reply.self)
        case 3:
            // The list is of the newest alone, and the oldest go.
            let all = try await client.call(
                Methods.EvictCache.qualifiedName,
                Methods.EvictCache.Parameters(maximumBytes: 0, dryRun: true),
                returning: Methods.EvictCache.Reply.self)
            // Two go, and as many as have come since; far more than those are free.
            guard all.evicted.count > 20 else { break }
            book.withLock { $0.removed.formUnion(all.evicted) }
            let most = all.bytes + all.keptBytes - 2 * (all.bytes / all.evicted.count)
            _ = try await client.call(
                Methods.EvictCache.qualifiedName, Methods.EvictCache.Parameters(maximumBytes: most),
                returning: Methods.EvictCache.Reply.self)
        default: break
        }
        try await Task.sleep(for: .milliseconds(30))
    }

    private func changeLibrary(_ library: ([String]) async throws -> Int32) async throws {
        let wasImported = book.withLock { $0.isImported }
        let removes = wasImported ?? Bool.random()
        book.withLock { $0.isImported = nil }
        let status = try await library(
            removes
                ? ["expert", "remove", Self.visitor] : ["expert", "import"] + Places.experts(Self.visitor))
        if status == 0 { book.withLock { $0.isImported = !removes } }
    }

    /// Waits until no request is open any more, sends again what was not answered, and looks once at all there are.
    func waitForTheEnd() async throws {
        let client = try await VarlinkClient.connect(path: socket)
        while !book.withLock(\.unanswered.isEmpty) { try await submit(client) }
        while true {
            let status = try await client.call(
                Methods.Status.qualifiedName, Methods.Status.Parameters(),
                returning: Methods.Status.Reply.self)
            if status.queue.queued + status.queue.running == 0 { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        for id in book.withLock({ book in book.accepted.values.filter { book.forgotten[$0] == nil } }) {
            let reply = try await client.call(
                Methods.GetRequest.qualifiedName, Methods.GetRequest.Parameters(requestId: id),
                returning: Methods.GetRequest.Reply.self)
            note([reply.request])
        }
        let experts = try await client.call(
            Methods.ListExperts.qualifiedName, Methods.ListExperts.Parameters(),
            returning: Methods.ListExperts.Reply.self)
        let isThere = experts.experts.contains { $0.name == Self.visitor }
        book.withLock { book in
            if let said = book.isImported, said != isThere {
                book.failures.append("the expert \(Self.visitor): said \(said), is \(isThere)")
            }
            if experts.experts.count != (isThere ? 4 : 3) {
                book.failures.append("\(experts.experts.count) experts")
            }
        }
        await client.close()
    }

    /// Holds what was acknowledged against what is there.
    func judge(_ audit: StateAudit, log: String) -> Verdict {
        book.withLock { book in
            var failures = book.failures
            var states: [String: Int] = [:]
            let adapters = Dictionary(uniqueKeysWithValues: audit.adapters.map { ($0.id, $0) })
            let present = Set(audit.requests.map(\.id))
            for (key, id) in book.accepted {
                if let isAcknowledged = book.forgotten[id] {
                    if isAcknowledged,
                        present.contains(id) || audit.adapters.contains(where: { $0.request == id })
                    {
                        failures.append("\(key), \(id), was forgotten and is there")
                    }
                    continue
                }
                guard let end = book.ended[id] else {
                    failures.append("\(key), \(id), has no end")
                    continue
                }
                states[end.state, default: 0] += 1
                guard end.state == "done" || end.state == "cancelled" else {
                    failures.append("\(key), \(id), is \(end.state): \(end.failure ?? "")")
                    continue
                }
                if end.state == "done", let adapter = end.adapterId, adapters[adapter] == nil,
                    !book.removed.contains(adapter)
                {
                    let lines = log.split(separator: "\n").filter { $0.contains(adapter) || $0.contains(id) }
                    failures.append(
                        "\(key), \(id), is done, and its adapter \(adapter) is gone: \(lines)")
                }
            }
            // One request for each key, none besides.
            let strangers = present.subtracting(book.accepted.values)
            if !strangers.isEmpty { failures.append("requests that nobody was told of: \(strangers)") }
            for adapter in book.pinned where adapters[adapter]?.isPinned != true {
                let isForgotten = book.ended.values.contains {
                    $0.adapterId == adapter && book.forgotten[$0.requestId] != nil
                }
                if !isForgotten, !book.removed.contains(adapter) {
                    failures.append("the pinned \(adapter) is gone")
                }
            }
            let counts = states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return Verdict(
                failures: failures, acknowledged: book.accepted.count,
                summary: "\(book.accepted.count) requests acknowledged (\(counts.joined(separator: ", "))), "
                    + "\(audit.adapters.count) adapters left, \(book.removed.count) removed or evicted, "
                    + "\(book.forgotten.count) forgotten")
        }
    }
}
