internal import Foundation
internal import Glibc

/// A condition did not come true in time.
public struct TimeoutError: Error, CustomStringConvertible {
    /// What was waited for.
    public let description: String
}

/// Polls until a condition holds.
///
/// - Parameters:
///   - what: the condition in words, for the failure.
///   - limit: how long to wait; generous, since tests share a busy machine.
/// - Throws: `TimeoutError` after the limit, or what the condition throws.
public func eventually(
    _ what: String, within limit: Duration = .seconds(300), every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    try await firstValue(what, within: limit, every: interval) { try await condition() ? true : nil }
}

/// Polls until there is a value.
///
/// - Parameters:
///   - what: the value in words, for the failure.
///   - limit: how long to wait; generous, since tests share a busy machine.
/// - Throws: `TimeoutError` after the limit, or what the closure throws.
@discardableResult
public func firstValue<T>(
    _ what: String, within limit: Duration = .seconds(300), every interval: Duration = .milliseconds(20),
    _ value: () async throws -> T?
) async throws -> T {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try await value() { return value }
        try await Task.sleep(for: interval)
    }
    throw TimeoutError(description: "waited \(limit) in vain for: \(what)")
}

/// Values that concurrent tasks collect.
public actor Collector<Value: Sendable> {
    /// The values so far.
    public private(set) var all: [Value] = []

    /// Starts empty.
    public init() {}

    /// Adds a value.
    public func add(_ value: Value) { all.append(value) }
}

/// Runs work that computes or blocks for long on a thread of its own.
///
/// The cooperative pool has one thread for each core. A test that keeps one busy for a minute makes others miss their time limits.
///
/// - Throws: what `body` throws.
public func onOwnThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    let result = await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: Result { try body() }) }
    }
    return try result.get()
}

/// Stops a process, and waits until it stands still.
///
/// On a busy machine its threads run on until each has had a turn to notice the signal.
public func standStill(_ process: Int32) async throws {
    kill(process, SIGSTOP)
    try await eventually("the process to stand still", every: .milliseconds(1)) { isStopped(process) }
}

/// Whether every thread of a process is stopped: its state, in proc_pid_stat(5), follows the name in parentheses.
public func isStopped(_ process: Int32) -> Bool {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return !threads.isEmpty
        && threads.allSatisfy { thread in
            let status = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/stat", encoding: .utf8)
            return status?.split(separator: ")").last?.hasPrefix(" T") ?? true
        }
}
