import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Notifications to the service manager, and the configuration changes that SIGHUP applies.
@Suite("Reload", .timeLimit(.minutes(20)), .needsModel)
struct ReloadTests {
    /// Replaces the configuration and sends SIGHUP.
    ///
    /// - Returns: the notifications up to the next `READY=1`.
    private static func reload(
        _ daemon: TestDaemon, _ configuration: String, _ manager: NotifyReader
    ) async throws -> [String] {
        try Data(configuration.utf8).write(to: URL(filePath: daemon.configurationFile))
        kill(daemon.process, SIGHUP)
        return try await manager.messages(upTo: "READY=1")
    }

    /// Runs a daemon that notifies a service manager, and expects a clean exit and the notification of the stop.
    private static func run(
        _ configuration: String, environment: [String: String] = [:],
        _ body: @escaping @Sendable (TestDaemon, NotifyReader) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let manager = try NotifyReader("\(folder)/notify")
            defer { manager.close() }
            let end = try await TestDaemon.run(
                in: folder, configuration: configuration,
                environment: environment.merging(["NOTIFY_SOCKET": "\(folder)/notify"]) { $1 }
            ) { daemon in
                try await body(daemon, manager)
            }
            #expect(end.status == 0, "\(end.log)")
            let stopping = try await manager.messages(upTo: "STOPPING=1")
            #expect(stopping.last == "STOPPING=1")
        }
    }

    @Test("the service manager is notified of start, readiness, progress, reload and stop")
    func notifications() async throws {
        try await Self.run("logLevel: warning\n", environment: ["WATCHDOG_USEC": "2000000"]) {
            daemon, manager in
            let starting = try await manager.messages(upTo: "READY=1")
            #expect(starting.contains { $0.hasPrefix("STATUS=Opening") })
            #expect(starting.contains { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") })
            #expect(!starting.contains("WATCHDOG=1"))
            let serving = try await manager.messages(upTo: "WATCHDOG=1")
            #expect(serving.contains { $0.hasPrefix("STATUS=Serving") } || serving == ["WATCHDOG=1"])

            let reloading = try await Self.reload(daemon, "logLevel: debug\n", manager)
                .filter { $0 != "WATCHDOG=1" }
            #expect(reloading.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }, "\(reloading)")
            #expect(reloading.contains { $0.hasPrefix("STATUS=Serving") }, "\(reloading)")
            #expect(daemon.logText.contains("level=debug"))

            let wrong = try await Self.reload(daemon, "logLevel: loud\n", manager)
            #expect(wrong.contains { $0.hasPrefix("STATUS=") && $0.contains("wrong") }, "\(wrong)")
            #expect(daemon.logText.contains("loud"))
            #expect(try await daemon.control("status").status == 0)
        }
    }

    @Test("access groups and limits are reloaded on SIGHUP", .needsOtherUsers)
    func access() async throws {
        try await Self.run("access:\n  users: 60100\n") { daemon, manager in
            #expect(chmod(daemon.socket, 0o666) == 0)
            _ = try await manager.messages(upTo: "READY=1")
            let user = OtherUser(uid: 60_001, gid: 60_001, groups: [60_101])
            func error() async throws -> String? {
                try await user.call(Methods.Status.qualifiedName, at: daemon.socket).error
            }
            #expect(try await error() == "org.varlink.service.PermissionDenied")
            _ = try await Self.reload(daemon, "access:\n  users: 60101\nlimits:\n  calls: 1\n", manager)
            #expect(try await error() == nil)
            _ = try await Self.reload(daemon, "access:\n  users: 60100\n", manager)
            #expect(try await error() == "org.varlink.service.PermissionDenied")
        }
    }
}
