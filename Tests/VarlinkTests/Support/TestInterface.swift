import ErrorModel
import Synchronization
import TestSupport
import Varlink

/// The events that the handlers of a ``TestInterface`` recorded, in order.
final class EventLog: Sendable {
    private let events = Mutex<[String]>([])

    var all: [String] { events.withLock { $0 } }

    func append(_ event: String) {
        events.withLock { $0.append(event) }
    }

    func count(_ event: String) -> Int { all.count { $0 == event } }

    /// Waits until an event was recorded this many times; false if it is not.
    func waits(for event: String, times: Int = 1) async -> Bool {
        await eventually { self.count(event) >= times }
    }
}

/// Waits until a condition becomes true; false if it does not.
func eventually(_ condition: @Sendable () async -> Bool) async -> Bool {
    (try? await TestSupport.eventually("the condition", every: .milliseconds(2), condition)) != nil
}

struct Text: Codable, Sendable, Equatable { var text: String }
struct Number: Codable, Sendable, Equatable { var number: Int }
struct Empty: Codable, Sendable, Equatable {}

/// An interface with one method for each behaviour under test.
struct TestInterface: VarlinkInterface {
    struct Nested: Codable, Sendable {
        struct Inner: Codable, Sendable { var size: Int }
        var inner: Inner
        var list: [Inner]?
    }

    struct Unforeseen: Error {}

    let name = "org.example.test"
    let definition = "interface org.example.test\n\nmethod Ping(text: string) -> (text: string)\n"
    let log = EventLog()

    func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws {
        switch call.methodName {
        case "Ping":
            let text = try call.parameters(as: Text.self).text
            log.append("ping \(text)")
            try await replies.finish(Text(text: text))
        case "Nested":
            try await replies.finish(Number(number: try call.parameters(as: Nested.self).inner.size))
        case "Nothing": try await replies.finish()
        case "Empty":
            _ = try call.parameters(as: Empty.self)
            try await replies.finish(Empty())
        case "Who": try await replies.finish(Number(number: Int(call.peer.uid)))
        case "Groups":
            try await replies.finish(["groups": call.peer.groups.sorted()])
        case "Count":
            let end = try call.parameters(as: Number.self).number
            for number in 1..<end { try await replies.send(Number(number: number)) }
            try await replies.finish(Number(number: end))
        case "Flood":
            let text = String(repeating: "x", count: 100_000)
            for _ in 0..<1_000 {
                try await replies.send(Text(text: text))
                log.append("sent")
            }
            try await replies.finish(Text(text: ""))
        case "Wait": try await wait()
        case "Slow":
            log.append("slow")
            try await Task.sleep(for: .milliseconds(200))
            try await replies.finish(Text(text: "done"))
        case "Twice":
            try await replies.finish(Text(text: "one"))
            try await replies.finish(Text(text: "two"))
        case "Silent": break
        case "Fail":
            throw SgloradError(
                .busy, "Too much.", parameters: ["retryAfter": .int(3), "reason": .string("load")])
        case "Break": throw Unforeseen()
        default: throw VarlinkError.methodNotFound(call.method)
        }
    }

    private func wait() async throws {
        log.append("waiting")
        do {
            try await Task.sleep(for: .seconds(3_600))
        } catch {
            log.append("cancelled")
            throw error
        }
    }

    func connectionClosed(_ id: ConnectionID) async {
        log.append("closed")
    }
}
