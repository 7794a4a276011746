import Foundation
import Glibc
import TestSupport
import Testing

/// What the programs leave behind when they crash while they hold a text: neither a report nor a core file.
///
/// Swift's runtime would print the memory behind each register. Faults are injected by the library that
/// `Tests/FaultInjection/crash-injection.c` describes.
@Suite("Crashes", .timeLimit(.minutes(20)), .needsModel)
struct CrashTests {
    /// Words that occur in no model, program or description.
    private static let words = ["quixoblat", "zephyrondil"]
    private static let text = "definitions of birds quixoblat zephyrondil"
    private static let library = "\(Places.products)/libFaultInjection.so"
    /// Executes a program with core files allowed and in its folder, and crash reports demanded.
    private static let launcher = [
        "/bin/bash", "-c", "ulimit -c unlimited; cd \"$0\"; export SWIFT_BACKTRACE=enable=yes; exec \"$@\"",
    ]

    /// The files of a folder, apart from the databases, that contain one of the words or are a core file.
    private static func telling(_ folder: String) -> [String] {
        let below = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return below.filter { name in
            let path = "\(folder)/\(name)"
            if URL(filePath: path).lastPathComponent.hasPrefix("core") { return true }
            // The intent is queued, durably: that is where its text belongs until it is final.
            guard !name.contains("queue.db"), let data = FileManager.default.contents(atPath: path) else {
                return false
            }
            return words.contains { data.range(of: Data($0.utf8)) != nil }
        }
    }

    /// Runs a daemon that crashes while `body` gives it an intent, and checks what is left.
    private func crash(
        _ folder: String, expecting status: Int32, environment: [String: String] = [:],
        _ body: @Sendable (DaemonProcess, Int32) async throws -> Void
    ) async throws {
        let daemon = try DaemonProcess(
            folder: folder, environment: environment, launcher: Self.launcher + [folder])
        let end = try await daemon.run(stoppingBy: .killing) { process in
            try #require(try await daemon.waitUntilServing(process), "\(daemon.logTail)")
            try await body(daemon, process)
            try await eventually("the daemon to end") {
                !DaemonProcess.isAlive(process)
            }
        }
        #expect(end == status, "\(daemon.logTail)")
        #expect(Self.telling(folder) == [], "\(daemon.logTail)")
        #expect(!daemon.logText.contains("rax") && !daemon.logText.contains("Crash"), "\(daemon.logTail)")
    }

    @Test(
        "a fault while a text is in a register or being encoded ends the daemon without a word",
        arguments: [
            ("store", "null", SIGSEGV), ("encode", "null", SIGSEGV), ("store", "trap", SIGILL),
            ("encode", "\(SIGABRT)", SIGABRT), ("store", "\(SIGBUS)", SIGBUS), ("store", "\(SIGFPE)", SIGFPE),
            ("store", "\(SIGTRAP)", SIGTRAP),
        ])
    func fault(place: String, way: String, signal: Int32) async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { try await $0.importExperts(Places.twoExperts) }
            let environment = [
                "LD_PRELOAD": Self.library, "SGLORAD_CRASH_IN": place, "SGLORAD_CRASH_BY": way,
                "SGLORAD_CRASH_WORD": Self.words[0],
            ]
            try await crash(folder, expecting: 128 + signal, environment: environment) { daemon, _ in
                let outcome = try await daemon.control(["request", Self.text], within: 60)
                #expect(outcome.status != 0)
                #expect(Self.words.allSatisfy { !outcome.error.contains($0) }, "\(outcome.error)")
            }
        }
    }

    @Test(
        "a signal of a crash while intents are queued ends the daemon without a word",
        arguments: [SIGSEGV, SIGQUIT, SIGILL])
    func signal(number: Int32) async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { try await $0.importExperts(Places.twoExperts) }
            try await crash(folder, expecting: 128 + number) { daemon, process in
                for _ in 0..<3 { _ = try await daemon.control("request", Self.text, "--no-wait") }
                kill(process, number)
            }
        }
    }

    @Test("a crash of the command line writes neither its text nor a core file")
    func commandLine() async throws {
        try await withTemporaryFolder { folder in
            let outcome = try await Program.run(
                Self.launcher[0],
                Self.launcher.dropFirst() + [
                    folder, "\(Places.products)/sglorad-ctl", "request", Self.text, "--socket",
                    "\(folder)/socket",
                ],
                environment: ["LD_PRELOAD": Self.library, "SGLORAD_CRASH_IN": "connect"])
            #expect(outcome.status == 128 + SIGSEGV, "\(outcome.error)")
            #expect(outcome.output.isEmpty && outcome.error.isEmpty, "\(outcome.error)")
            #expect(Self.telling(folder) == [])
        }
    }

    @Test("while the command line waits, the list of processes does not show its text")
    func processList() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try DaemonProcess(folder: folder)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            // Nobody accepts the connection, so the command waits for its reply.
            try #require(bindSocket(listener, daemon.socket) && listen(listener, 8) == 0)
            let command = [
                "\(Places.products)/sglorad-ctl", "request", Self.text, "--label", Self.words[0], "--socket",
                daemon.socket,
            ]
            // In a file of its own: the shell must not have the words in its own arguments.
            let script =
                command.map { "'\($0)'" }.joined(separator: " ")
                + " & while ! test -e '\(folder)/connected'; do sleep 0.05; done; cat /proc/$!/cmdline; kill $!"
            try Data(script.utf8).write(to: URL(filePath: "\(folder)/script"))
            let shown = Task { try await Program.run("/bin/bash", ["\(folder)/script"]) }
            // It hides its arguments before it connects.
            try await eventually("the connection") {
                var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                return poll(&waiting, 1, 0) == 1
            }
            _ = FileManager.default.createFile(atPath: "\(folder)/connected", contents: nil)
            let outcome = try await shown.value
            #expect(outcome.output.contains("sglorad-ctl\u{0}request\u{0}"), "\(outcome)")
            #expect(Self.words.allSatisfy { !outcome.output.contains($0) }, "\(outcome)")
        }
    }

    private func bindSocket(_ descriptor: Int32, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        } == 0
    }
}
