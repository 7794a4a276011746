import ControlProtocol
import Foundation
import Glibc
import Synchronization
import Testing

/// What the service manager hears, and what SIGHUP changes.
@Suite(
    "Reload", .timeLimit(.minutes(20)), .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct ReloadTests {
    /// A bound datagram socket, as the service manager has one, read by a thread of its own: the kernel keeps ten messages and
    /// no more, which a busy test would not fetch in time.
    private final class Manager: Sendable {
        private let descriptor: Int32
        private let messages = Mutex<[String]>([])

        init(path: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
            Thread { [self] in read() }.start()
        }

        /// Ends the thread, and with it the socket.
        func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

        private func read() {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                let message = String(decoding: buffer.prefix(count), as: UTF8.self)
                messages.withLock { $0.append(message) }
            }
            Glibc.close(descriptor)
        }

        /// What was said since the last look, up to a message that begins so.
        func hear(until prefix: String) async throws -> [String] {
            while true {
                let heard = messages.withLock { messages -> [String]? in
                    guard let end = messages.firstIndex(where: { $0.hasPrefix(prefix) }) else { return nil }
                    defer { messages.removeFirst(end + 1) }
                    return Array(messages[...end])
                }
                if let heard { return heard }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("the service manager hears of starting, serving, progress, reloading and stopping")
    func notifications() async throws {
        try await withTemporaryFolder { folder in
            let manager = try Manager(path: "\(folder)/notify")
            defer { manager.close() }
            let file = "\(folder)/sglorad.yaml"
            try Data("logLevel: warning\n".utf8).write(to: URL(filePath: file))
            let launcher = ["/usr/bin/env", "NOTIFY_SOCKET=\(folder)/notify", "WATCHDOG_USEC=2000000"]
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--config", file], launcher: launcher
            ) { daemon in
                let starting = try await manager.hear(until: "READY=1")
                #expect(starting.contains { $0.hasPrefix("STATUS=Opening") })
                #expect(starting.contains { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") })
                #expect(!starting.contains("WATCHDOG=1"))
                let serving = try await manager.hear(until: "WATCHDOG=1")
                #expect(serving.contains { $0.hasPrefix("STATUS=Serving") } || serving == ["WATCHDOG=1"])

                try Data("logLevel: debug\n".utf8).write(to: URL(filePath: file))
                kill(daemon.process, SIGHUP)
                let reloading = try await manager.hear(until: "READY=1").filter { $0 != "WATCHDOG=1" }
                #expect(reloading.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }, "\(reloading)")
                #expect(reloading.contains { $0.hasPrefix("STATUS=Serving") }, "\(reloading)")
                #expect(try String(contentsOfFile: daemon.log, encoding: .utf8).contains("level=debug"))

                try Data("logLevel: loud\n".utf8).write(to: URL(filePath: file))
                kill(daemon.process, SIGHUP)
                let wrong = try await manager.hear(until: "READY=1")
                #expect(wrong.contains { $0.hasPrefix("STATUS=") && $0.contains("wrong") }, "\(wrong)")
                #expect(try String(contentsOfFile: daemon.log, encoding: .utf8).contains("loud"))
                #expect(try await daemon.control("status").status == 0)
            }
            #expect(end.status == 0, "\(end.log)")
            let stopping = try await manager.hear(until: "STOPPING=1")
            #expect(stopping.last == "STOPPING=1")
        }
    }

    @Test(
        "who may, and how much, is read anew on SIGHUP",
        .enabled(if: OtherUser.canBe, OtherUser.whyNot))
    func access() async throws {
        try await withTemporaryFolder { folder in
            let manager = try Manager(path: "\(folder)/notify")
            defer { manager.close() }
            let file = "\(folder)/sglorad.yaml"
            try Data("access:\n  users: 60100\n".utf8).write(to: URL(filePath: file))
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--config", file],
                launcher: ["/usr/bin/env", "NOTIFY_SOCKET=\(folder)/notify"]
            ) { daemon in
                #expect(chmod(daemon.socket, 0o666) == 0)
                _ = try await manager.hear(until: "READY=1")
                let user = OtherUser(uid: 60_001, gid: 60_001, groups: [60_101])
                func error() async throws -> String? {
                    try await user.call(Methods.Status.qualifiedName, at: daemon.socket).error
                }
                #expect(try await error() == "org.varlink.service.PermissionDenied")
                try Data("access:\n  users: 60101\nlimits:\n  calls: 1\n".utf8).write(to: URL(filePath: file))
                kill(daemon.process, SIGHUP)
                _ = try await manager.hear(until: "READY=1")
                #expect(try await error() == nil)
                try Data("access:\n  users: 60100\n".utf8).write(to: URL(filePath: file))
                kill(daemon.process, SIGHUP)
                _ = try await manager.hear(until: "READY=1")
                #expect(try await error() == "org.varlink.service.PermissionDenied")
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }
}
