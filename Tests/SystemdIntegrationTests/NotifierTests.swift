import Foundation
import Glibc
import SystemdIntegration
import TestSupport
import Testing

/// A unique socket name.
private func uniqueName() -> String { "sgl-\(getpid())-\(UInt64.random(in: 0 ... .max))" }

@Suite("Notifier")
struct NotifierTests {
    @Test(arguments: ["/tmp/", "@"]) func `messages follow the protocol of sd_notify`(prefix: String) throws {
        let name = prefix + uniqueName()
        defer { unlink(name) }
        let receiver = try NotifySocket(name)
        let notifier = Notifier(environment: ["NOTIFY_SOCKET": name])
        #expect(notifier.isActive)
        notifier.ready()
        #expect(receiver.receive() == "READY=1")
        notifier.status("two\nlines")
        #expect(receiver.receive() == "STATUS=two lines")
        notifier.extendTimeout(.milliseconds(1_500))
        #expect(receiver.receive() == "EXTEND_TIMEOUT_USEC=1500000")
        notifier.watchdog()
        #expect(receiver.receive() == "WATCHDOG=1")
        notifier.stopping()
        #expect(receiver.receive() == "STOPPING=1")
        notifier.reloading()
        let lines = try #require(receiver.receive()).split(separator: "\n")
        #expect(lines.count == 2 && lines[0] == "RELOADING=1")
        let time = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        #expect(time > 0 && time <= now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)
        #expect(receiver.receive() == nil)
    }

    @Test func `messages are dropped if the manager does not read`() throws {
        let name = "@" + uniqueName()
        let receiver = try NotifySocket(name)
        let notifier = Notifier(environment: ["NOTIFY_SOCKET": name])
        for _ in 0..<10_000 { notifier.watchdog() }
        #expect(receiver.receive() == "WATCHDOG=1")
    }

    @Test(arguments: [true, false]) func `a change of state waits for a slow manager`(reads: Bool)
        async throws
    {
        let name = "@" + uniqueName()
        let receiver = try NotifySocket(name)
        let notifier = Notifier(environment: ["NOTIFY_SOCKET": name])
        for _ in 0..<10_000 { notifier.watchdog() }
        let thread = Thread { notifier.ready() }
        thread.start()
        var heard: [String] = []
        // The thread ends either way: a message that is not read in time is dropped.
        while !thread.isFinished {
            if reads, let message = receiver.receive() { heard.append(message) }
            try await Task.sleep(for: .milliseconds(5))
        }
        while let message = receiver.receive() { heard.append(message) }
        #expect(heard.contains("READY=1") == reads)
    }

    @Test(arguments: [
        "", "/tmp/sgl-nobody-is-here", "@sgl-nobody", "relative", "/" + String(repeating: "x", count: 200),
    ])
    func `an unusable socket is ignored`(name: String) {
        let notifier = Notifier(environment: ["NOTIFY_SOCKET": name])
        notifier.ready()
        notifier.status("x")
        #expect(notifier.isActive == !name.isEmpty)
    }

    @Test func `the watchdog interval is read from the environment`() {
        func interval(_ environment: [String: String]) -> Duration? {
            Notifier(environment: environment).watchdogInterval
        }
        #expect(interval(["WATCHDOG_USEC": "20000000"]) == .seconds(20))
        #expect(interval(["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(20))
        #expect(interval(["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "0"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "soon"]) == nil)
        #expect(interval([:]) == nil)
    }
}
