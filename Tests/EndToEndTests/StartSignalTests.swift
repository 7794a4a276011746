import Foundation
import Glibc
import TestSupport
import Testing

/// SIGTERM and SIGINT while the daemon starts.
@Suite("Signals during the start", .timeLimit(.minutes(20)), .needsModel)
struct StartSignalTests {
    /// Whether a process catches SIGTERM, which the daemon does before Swift's runtime starts.
    private static func catchesTermination(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") }),
            let mask = UInt64(line.split(separator: "\t").last ?? "", radix: 16)
        else { return false }
        return mask & (1 << UInt64(SIGTERM - 1)) != 0
    }

    @Test(
        "at any moment of the start the daemon ends in order, with status 0, and starts again",
        arguments: [SIGTERM, SIGINT])
    func anyMoment(number: Int32) async throws {
        try await withTemporaryFolder { folder in
            let daemon = try DaemonProcess(folder: folder)
            // Milliseconds: dense at first, then up to where the daemon serves.
            for delay in Array(stride(from: 0, to: 60, by: 3)) + Array(stride(from: 60, to: 500, by: 20)) {
                let end = try await daemon.run { process in
                    try await eventually("the trap", every: .microseconds(200)) {
                        Self.catchesTermination(process)
                    }
                    try await Task.sleep(for: .milliseconds(delay))
                    kill(process, number)
                    try await eventually("the end", every: .milliseconds(2)) {
                        !DaemonProcess.isAlive(process)
                    }
                }
                #expect(end == 0, "after \(delay) ms: \(daemon.logTail)")
                #expect(!FileManager.default.fileExists(atPath: daemon.socket), "after \(delay) ms")
                #expect(
                    !FileManager.default.fileExists(atPath: "\(daemon.state)/private/damaged"),
                    "after \(delay) ms")
            }
            try await TestDaemon.run(in: folder) { daemon in
                let verified = try await daemon.control("cache", "verify")
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
    }
}
