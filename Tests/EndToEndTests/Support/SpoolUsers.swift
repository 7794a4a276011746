import Foundation
import Glibc
import TestSupport
import Testing

/// Two users of one spool, whose daemon runs as a user of its own.
enum SpoolUsers {
    static let daemon = 4_100
    static let group = 60_100
    static let attacker = OtherUser(uid: 4_101, gid: 4_101, groups: [group])
    static let victim = OtherUser(uid: 4_102, gid: 4_102, groups: [group])

    /// Runs the daemon on a spool as tmpfiles.d creates it.
    static func run(
        in folder: String, as daemon: Int = daemon,
        _ body: @Sendable (TestDaemon, TestSpool) async throws -> Void
    ) async throws {
        let spool = "\(folder)/spool"
        if !FileManager.default.fileExists(atPath: spool) {
            try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: false)
        }
        for path in [folder, spool] { #expect(chown(path, uid_t(daemon), gid_t(daemon)) == 0) }
        #expect(chmod(folder, 0o711) == 0 && chmod(spool, 0o755) == 0)
        let end = try await TestDaemon.run(
            in: folder, configuration: "access:\n  users: \(group)\n", arguments: ["--spool", spool],
            launcher: [
                "/usr/bin/setpriv", "--reuid", "\(daemon)", "--regid", "\(daemon)", "--groups", "\(group)",
            ]
        ) { daemon in
            try await body(daemon, TestSpool(spool))
        }
        #expect(end.status == 0, "\(end.log)")
    }

    /// Runs a shell script as a user.
    static func shell(_ user: OtherUser, _ script: String) async throws -> Program.Outcome {
        try await user.run(
            "import subprocess; sys.exit(subprocess.run(['/bin/bash', '-c', sys.argv[1]]).returncode)",
            [script])
    }
}
