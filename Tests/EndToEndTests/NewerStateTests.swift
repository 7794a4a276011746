import Files
import Foundation
import SgloradInterface
import TestSupport
import Testing

/// A state directory that a newer version wrote is refused with the version that is needed, and left as it is.
@Suite("States of newer releases", .timeLimit(.minutes(10)), .needsModel)
struct NewerStateTests {
    /// What is in a folder: of each file and folder its permissions and content.
    private static func content(of folder: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for name in FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? [] {
            let path = "\(folder)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let digest = FileManager.default.contents(atPath: path).map { FileDigest.sha256($0) } ?? "folder"
            found[name] = "\(attributes[.posixPermissions] ?? "") \(digest)"
        }
        return found
    }

    /// Starts a daemon that must not come to serve.
    private static func refusal(in folder: String) async throws -> Program.Outcome {
        try await Program.run(
            "/usr/bin/timeout",
            [
                "60", "\(Places.products)/sglorad", "--state-dir", "\(folder)/state", "--socket",
                "\(folder)/socket", "--model", Places.model,
            ])
    }

    /// A record of a version as that version would write it.
    private static func record(_ lines: String) -> Data {
        Data((lines + "sha256 \(FileDigest.sha256(lines.utf8))\n").utf8)
    }

    @Test("a newer form is refused before anything is touched, whichever part has it")
    func newerForm() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { try await $0.importExperts(Places.twoExperts) }
            let path = "\(folder)/state/private/version"
            let own = try String(contentsOfFile: path, encoding: .utf8)
            let parts = own.split(separator: "\n").dropFirst().dropLast().map(String.init)
            #expect(parts.map { $0.prefix { $0 != " " } } == ["cache.db", "layout", "queue.db"])
            for part in parts + ["new-part 1"] {
                let name = part.prefix { $0 != " " }
                let lines = (parts.filter { !$0.hasPrefix(name) } + ["\(name) 99"]).sorted()
                try Self.record((["sglorad 9.8.7"] + lines).map { $0 + "\n" }.joined())
                    .write(to: URL(filePath: path))
                let before = try Self.content(of: "\(folder)/state")
                let refused = try await Self.refusal(in: folder)
                #expect(refused.status == 78, "\(refused.error)")
                #expect(refused.error.contains("sglorad 9.8.7 or later"), "\(refused.error)")
                #expect(refused.error.contains("\(name) 99"), "\(refused.error)")
                #expect(refused.error.contains("Upgrade and downgrade"), "\(refused.error)")
                #expect(try Self.content(of: "\(folder)/state") == before)
            }
            try Data(own.utf8).write(to: URL(filePath: path))
            try await TestDaemon.run(in: folder) { daemon in
                let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts
                #expect(experts.count == 2)
            }
        }
    }

    @Test("without a readable record the databases name the version that migrated them")
    func databases() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { try await $0.importExperts(Places.twoExperts) }
            let record = "\(folder)/state/private/version"
            try Data("sglorad 1.0\ncache.db 99\nsha256 wrong\n".utf8).write(to: URL(filePath: record))
            for name in ["cache.db", "queue.db"] {
                let path = "\(folder)/state/private/\(name)"
                try await Self.change(
                    path,
                    "INSERT INTO grdb_migrations VALUES ('99: later'); UPDATE schemaWriter SET version = '9.8.7'"
                )
                let refused = try await Self.refusal(in: folder)
                #expect(refused.status == 78, "\(refused.error)")
                #expect(refused.error.contains("sglorad 9.8.7 or later"), "\(refused.error)")
                #expect(refused.error.contains("'99: later'"), "\(refused.error)")
                try await Self.change(path, "DELETE FROM grdb_migrations WHERE identifier LIKE '99%'")
            }
            // A damaged record is written again.
            try await TestDaemon.run(in: folder) { _ in }
            let text = try String(contentsOfFile: record, encoding: .utf8)
            #expect(text.hasPrefix("sglorad \(try await Self.version())\n"), "\(text)")
        }
    }

    private static func version() async throws -> String {
        try await Program.run("\(Places.products)/sglorad-ctl", ["--version"]).output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func change(_ database: String, _ statements: String) async throws {
        let python =
            "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.commit()"
        let done = try await Program.run("/usr/bin/python3", ["-c", python, database, statements])
        try #require(done.status == 0, "\(done.error)")
    }
}
